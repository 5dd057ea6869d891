"""The bubblewrap sandbox: no network, no host files but the toolchain, a cleared environment, hard limits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tools.errors import SandboxUnavailable
from tools.sandbox.base import CommandResult, Limits, Mounts, SandboxKind, inside_workspace
from tools.sandbox.bubblewrap_binary import best_mode, find_bubblewrap
from tools.sandbox.bubblewrap_command import (
    ROOT_MODE_UID,
    USER_MODE_UID,
    Confinement,
    Descriptors,
    Mode,
    bubblewrap_command,
    hard_limits,
)
from tools.sandbox.control_groups import ControlGroup, create_control_group, remove_abandoned
from tools.sandbox.marking import MARK, kill_tree, ticks
from tools.sandbox.ownership import hand_over
from tools.sandbox.running import Finished, Launch, Service, run_process, running_service
from tools.sandbox.seccomp import seccomp_filter
from tools.sandbox.watching import watcher

_PROTECTED = (".git",)
_OUTER_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
"""Of bubblewrap itself, whose environment commands can read in `/proc/1/environ`."""
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8"}


class Bubblewrap:
    """A sandbox on one worktree; see `tools.sandbox.base.Sandbox`.

    In root mode the worktree's files, but `.git`, are given to the sandbox's user. Commands end with the runtime, and
    with the thread that started them.
    """

    kind: SandboxKind = "bubblewrap"

    def __init__(self, worktree: Path, *, binary: str | None = None, mode: Mode | None = None) -> None:
        self.worktree = worktree.resolve(strict=True)
        self.mode: Mode = mode or best_mode()
        self._binary = binary or find_bubblewrap()
        if self.mode == "root":
            remove_abandoned()
            self.take_over()

    def close(self) -> None:
        """Nothing: each command has a sandbox of its own."""

    def take_over(self) -> None:
        """Give what the runtime has written into the worktree to the sandbox's user, where that is another one."""
        if self.mode == "root":
            hand_over(self.worktree, keep=frozenset(_PROTECTED))

    def inside(self, host: Path) -> str:
        """The path inside of a file or folder of the worktree."""
        return inside_workspace(self.worktree, host)

    def bound(self, host: Path, wanted: str) -> str:  # noqa: ARG002 - the interface's
        """The path inside of a mounted folder: the wanted one."""
        return wanted

    async def run(
        self,
        command: Sequence[str],
        *,
        mounts: Mounts = Mounts(),
        environment: Mapping[str, str] | None = None,
        limits: Limits = Limits(),
        stdin: bytes | None = None,
        writable: bool = True,
    ) -> CommandResult:
        """Run one command in the worktree; raises SandboxUnavailable when the sandbox itself cannot be set up."""
        with self._prepared(command, mounts, environment or {}, limits, writable=writable) as prepared:
            finished = await run_process(prepared.launch, limits, stdin)
            limit = prepared.group.ending() if prepared.group else None
            started, exit_code = _status(prepared.status, finished)
            if prepared.group:
                await asyncio.to_thread(prepared.group.remove)
        if not started:
            raise SandboxUnavailable(f"bubblewrap could not set up the sandbox: {finished.stderr.strip()}")
        return replace(finished, exit_code=exit_code).result(command, limits, counted=limit)

    @contextlib.asynccontextmanager
    async def start(
        self,
        command: Sequence[str],
        *,
        mounts: Mounts = Mounts(),
        environment: Mapping[str, str] | None = None,
        limits: Limits = Limits(),
        writable: bool = False,
    ) -> AsyncIterator[Service]:
        """Run a service for as long as the context is open."""
        with self._prepared(command, mounts, environment or {}, limits, writable=writable) as prepared:
            try:
                async with running_service(prepared.launch, limits) as service:
                    yield service
            finally:
                if prepared.group:
                    await asyncio.to_thread(prepared.group.remove)

    @contextlib.contextmanager
    def _prepared(
        self,
        command: Sequence[str],
        mounts: Mounts,
        environment: Mapping[str, str],
        limits: Limits,
        *,
        writable: bool,
    ) -> Iterator[_Prepared]:
        self._check(mounts)
        group = create_control_group(limits) if self.mode == "root" else None
        mark, since = uuid.uuid4().hex, ticks()
        with contextlib.ExitStack() as opened:
            status, status_end = os.pipe()
            opened.callback(os.close, status)
            opened.callback(os.close, status_end)
            descriptors = _descriptors(opened, self.mode, status_end)
            argv = bubblewrap_command(
                self._confinement(),
                command,
                mounts=mounts,
                environment={**_ENVIRONMENT, **environment},
                limits=limits,
                descriptors=descriptors,
                writable=writable,
                counted=group is not None,
                hard=hard_limits(),
            )
            folders = [self.worktree, *mounts.writable] if writable else [*mounts.writable]
            launch = Launch(
                argv=group.joining(argv) if group else argv,
                environment={**_OUTER_ENVIRONMENT, MARK: mark},
                folder=Path("/"),
                watch=watcher(folders, limits, memory=group is None, processes=False),
                # Bubblewrap's child begins a session of its own a moment before it asks to die with its parent.
                kill=lambda pid: kill_tree(pid, mark, since),
                descriptors=_numbers(descriptors),
            )
            yield _Prepared(launch, group, status)

    def _check(self, mounts: Mounts) -> None:
        for folder in (*mounts.read_only, *mounts.bound, *mounts.writable):
            if not folder.exists():
                raise FileNotFoundError(f"{folder} cannot be mounted: it does not exist")
        if self.mode == "root":
            for folder in mounts.writable:
                hand_over(folder)

    def _confinement(self) -> Confinement:
        protected = tuple(name for name in _PROTECTED if os.path.lexists(self.worktree / name))
        return Confinement(self._binary, self.mode, self.worktree, protected, _system_folders())


@dataclass(frozen=True, slots=True)
class _Prepared:
    launch: Launch
    group: ControlGroup | None
    status: int
    """Read end of the pipe on which bubblewrap says how the command ended."""


def _system_folders() -> tuple[str, ...]:
    """Arguments for the system's top folders as this host has them: links into `/usr`, or folders of their own."""
    words: list[str] = []
    for folder in (Path(path) for path in ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")):
        if folder.is_symlink():
            words += ["--symlink", str(folder.readlink()).removeprefix("/"), str(folder)]
        elif folder.is_dir():
            words += ["--ro-bind", str(folder), str(folder)]
    return tuple(words)


def _descriptors(opened: contextlib.ExitStack, mode: Mode, status: int) -> Descriptors:
    user = ROOT_MODE_UID if mode == "root" else USER_MODE_UID
    program = seccomp_filter(os.uname().machine)
    return Descriptors(
        passwd=_file(opened, f"root:x:0:0::/:/usr/sbin/nologin\nagent:x:{user}:{user}::/tmp:/bin/sh\n".encode()),
        group=_file(opened, f"root:x:0:\nagent:x:{user}:\n".encode()),
        hosts=_file(opened, b"127.0.0.1 localhost sandbox\n::1 localhost\n"),
        status=status,
        seccomp=_file(opened, program) if program else None,
    )


def _file(opened: contextlib.ExitStack, content: bytes) -> int:
    descriptor = os.memfd_create("sandbox")
    opened.callback(os.close, descriptor)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _numbers(descriptors: Descriptors) -> tuple[int, ...]:
    numbers = (descriptors.passwd, descriptors.group, descriptors.hosts, descriptors.status)
    return numbers if descriptors.seccomp is None else (*numbers, descriptors.seccomp)


def _status(descriptor: int, finished: Finished) -> tuple[bool, int]:
    """Whether the command was started at all, and its exit code."""
    os.set_blocking(descriptor, False)
    try:
        text = os.read(descriptor, 1 << 16).decode()
    except BlockingIOError:
        text = ""
    ended = [one["exit-code"] for line in text.splitlines() if "exit-code" in (one := json.loads(line))]
    if ended:
        return True, int(ended[-1])
    return finished.hit is not None or finished.exit_code < 0 or finished.exit_code > 128, finished.exit_code
