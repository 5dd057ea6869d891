"""Control groups: the kernel's own count of a command's memory and processes. Only root can make them here.

Both layouts are known: one hierarchy a controller (v1), and the unified one (v2). Where neither can be written, the
sandbox falls back to rlimits and a watchdog.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from dataclasses import dataclass
from pathlib import Path

from tools.sandbox.base import Ending, Limits

_MOUNT = Path("/sys/fs/cgroup")
_PREFIX = "agent-sandbox-"
_numbers = itertools.count()

JOIN = 'while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"'
"""Shell text that joins the groups named before `--` and becomes the command after it."""


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """The folders of one command's control group."""

    folders: tuple[Path, ...]

    def joining(self, command: list[str]) -> list[str]:
        """A command line that joins the group and then becomes `command`."""
        return ["/bin/sh", "-c", JOIN, "sh", *(str(folder) for folder in self.folders), "--", *command]

    def ending(self) -> Ending | None:
        """The limit that was hit, None when there was none."""
        if self._events("oom_kill"):
            return "memory"
        return "processes" if self._events("max", only="pids.events") else None

    def remove(self) -> None:
        """Remove the group; its processes must be gone, or go within half a second."""
        deadline = time.monotonic() + 0.5
        for folder in self.folders:
            while folder.exists() and not _removed(folder) and time.monotonic() < deadline:
                time.sleep(0.005)

    def _events(self, name: str, only: str = "") -> int:
        files = (only,) if only else ("memory.oom_control", "memory.events")
        texts = (_text(folder / file) for folder in self.folders for file in files)
        words = (line.split() for text in texts for line in text.splitlines())
        return sum(int(pair[1]) for pair in words if len(pair) == 2 and pair[0] == name)


def create_control_group(limits: Limits) -> ControlGroup | None:
    """A group with these limits on memory and processes; None where this process may not make one."""
    if os.geteuid() != 0:
        return None
    name = f"{_PREFIX}{os.getpid()}-{next(_numbers)}"
    unified = (_MOUNT / "cgroup.controllers").exists()
    group = ControlGroup((_MOUNT / name,) if unified else (_MOUNT / "memory" / name, _MOUNT / "pids" / name))
    try:
        for folder in group.folders:
            folder.mkdir()
        _limit(group.folders[0], group.folders[-1], limits, unified=unified)
    except OSError:
        group.remove()
        return None
    return group


def control_group_of(pid: int) -> ControlGroup:
    """The group that a process is in, made by somebody else; empty where it cannot be seen."""
    folders = []
    for line in _text(Path("/proc", str(pid), "cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers or controllers in ("memory", "pids"):
            folders.append(_MOUNT / controllers / path.lstrip("/"))
    return ControlGroup(tuple(folders))


def remove_abandoned() -> None:
    """Remove groups of runtimes that were killed."""
    for parent in (_MOUNT, _MOUNT / "memory", _MOUNT / "pids"):
        for folder in parent.glob(f"{_PREFIX}*"):
            owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
            if not Path("/proc", owner).exists():
                _removed(folder)


def _limit(memory: Path, processes: Path, limits: Limits, *, unified: bool) -> None:
    (processes / "pids.max").write_text(str(limits.processes))
    if unified:
        (memory / "memory.max").write_text(str(limits.memory_bytes))
        swap = memory / "memory.swap.max"
        if swap.exists():
            swap.write_text("0")
        return
    (memory / "memory.limit_in_bytes").write_text(str(limits.memory_bytes))
    with contextlib.suppress(OSError):  # kernels without swap accounting do not have it
        (memory / "memory.memsw.limit_in_bytes").write_text(str(limits.memory_bytes))


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
