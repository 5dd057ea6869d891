"""Memory and processor time of a process tree, as the kernel counts them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and its descendants use."""

    resident_bytes: int
    cpu_seconds: float
    queued_seconds: float
    """Waited for a processor, ready to run; main threads only."""


def usage(pid: int) -> Usage:
    """Of the process and all of its descendants; those that ended meanwhile are left out."""
    resident, ticks, queued = 0, 0, 0
    for one in _tree(pid):
        fields = _stat(one)
        if fields is not None:
            ticks += int(fields[11]) + int(fields[12])
            resident += int(fields[21]) * _PAGE
            queued += _queued(one)
    return Usage(resident, ticks / _TICKS, queued / 1e9)


@dataclass(frozen=True, slots=True)
class Queues:
    """How long known processes, and the thread that asks, wait for a processor while they are ready to run."""

    pids: tuple[int, ...]

    @classmethod
    def of(cls, pid: int) -> Queues:
        """Of the process and the descendants that it has now."""
        return cls(tuple(_tree(pid)))

    def seconds(self) -> float:
        """Waited so far, all together; main threads only, and 0 where the kernel does not count."""
        return (sum(map(_queued, self.pids)) + _waited(Path("/proc/thread-self/schedstat"))) / 1e9


def _tree(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) is not None:
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def _queued(pid: int) -> int:
    """Of its main thread."""
    return _waited(Path(f"/proc/{pid}/schedstat"))


def _waited(file: Path) -> int:
    """Nanoseconds waited in a run queue; 0 where the kernel does not count them."""
    try:
        return int(file.read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _stat(pid: int) -> list[str] | None:
    """The fields of `/proc/PID/stat` after the name, which may hold spaces: state, parent, ..."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()
