"""A worktree and its sandbox as a workspace of pydantic-ai: what its agents, tools and capabilities can work in.

Commands run in the sandbox. Files are read and written from outside, which costs no process, and never leave the
worktree: see `tools.walking`.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import stat
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from pydantic_ai.workspaces import (
    CommandResult,
    FileEntry,
    WorkspaceCommand,
    WorkspaceOutputLimitError,
    WorkspaceRef,
    WorkspaceTimeoutError,
    WorkspaceUnavailableError,
)

from tools.beneath import enter
from tools.beneath import replace as replace_file
from tools.errors import SandboxUnavailable
from tools.sandbox.base import CommandResult as SandboxResult
from tools.sandbox.base import Limits, Mounts, Sandbox, SandboxKind
from tools.walking import Found, found

OUTPUT_BYTES = 8 << 20
"""Kept of each stream: who asked gets all of it, or an error."""
_LOOK_SECONDS = 0.25


class SandboxBackend:
    """Implements `WorkspaceBackend`, `SupportsCommands`, `SupportsFilesystem` and `SupportsRealpath`.

    The environment is the worktree: made and removed by its owner, never here. What a command leaves running is ended
    with it. `.git` is out of reach, and so is everything outside the worktree, by links too.
    """

    def __init__(
        self,
        worktree: Path,
        kind: SandboxKind,
        open_sandbox: Callable[[SandboxKind, Path], Sandbox],
        *,
        mounts: Mounts = Mounts(),
        environment: Mapping[str, str] | None = None,
        limits: Limits = Limits(),
    ) -> None:
        self._worktree = Path(os.path.normpath(worktree.absolute()))
        self._kind = kind
        self._open = open_sandbox
        self._mounts = mounts
        self._environment = environment or {}
        self._limits = replace(limits, output_bytes=OUTPUT_BYTES)
        self._sandbox: Sandbox | None = None
        self._opening = asyncio.Lock()

    @property
    def ref(self) -> WorkspaceRef:
        """The kind of sandbox and the worktree; there from the beginning."""
        return WorkspaceRef(provider=f"sandbox-{self._kind}", id=str(self._worktree))

    async def working_dir(self) -> str:
        """Where commands start: `/workspace`, without a sandbox the worktree itself."""
        sandbox = await self._opened()
        return sandbox.inside(sandbox.worktree)

    async def run(
        self,
        command: WorkspaceCommand,
        *,
        shell: bool = False,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> CommandResult:
        """Run a command; the limit that ended one is the last line of its errors."""
        words = _words(command, shell=shell)
        if timeout is not None and not 0 < timeout < float("inf"):
            raise ValueError("timeout must be a positive finite number or None")
        sandbox = await self._opened()
        limits = self._limits if timeout is None else replace(self._limits, seconds=timeout)
        environment = {**self._environment, **(env or {})}
        running = sandbox.run(words, mounts=self._mounts, environment=environment, limits=limits, stdin=b"")
        return _result(await self._while_it_is_there(running), limits)

    async def read_bytes(self, path: str) -> bytes:
        """A whole regular file."""

        def read(spot: Found) -> bytes:
            descriptor = _regular(spot, stat.S_IRUSR)
            with open(f"/proc/self/fd/{descriptor}", "rb") as file:  # noqa: PTH123 - a descriptor, not a path
                return file.read()

        return await self._at(path, read)

    async def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file in one step; others see the old content or the new."""

        def write(spot: Found) -> None:
            if not spot.missing:
                _regular(spot, stat.S_IWUSR)
            *parents, name = spot.missing or [spot.file[1] if spot.file else ""]
            _make(spot, parents, path)
            replace_file(spot.folders[-1][0], name, path, data)

        await self._at(path, write)

    async def stat(self, path: str) -> FileEntry:
        """What is at a path, links followed."""
        return await self._at(path, lambda spot: _entry(path, spot.status))

    async def list_dir(self, path: str) -> Sequence[FileEntry]:
        """What is in a folder; a link that leads nowhere or out is listed as a file of unknown size."""

        def names(spot: Found) -> list[str]:
            if not stat.S_ISDIR(spot.status.st_mode):
                raise _error(errno.ENOTDIR, path)
            with os.scandir(f"/proc/self/fd/{spot.folders[-1][0]}") as entries:
                return sorted(entry.name for entry in entries)

        inside = await self.working_dir()
        listed = await self._at(path, names)
        shown = [name for name in listed if name != ".git" or os.path.normpath(path) != inside]
        return [await self._listed(os.path.join(path, name)) for name in shown]  # noqa: PTH118 - a path inside

    async def make_dir(self, path: str) -> None:
        """Make a folder and its parents; one that is there is fine."""

        def make(spot: Found) -> None:
            if spot.file is not None:
                raise _error(errno.EEXIST, path)
            _make(spot, spot.missing, path)

        await self._at(path, make)

    async def remove(self, path: str) -> None:
        """Remove a file, a link itself, or a folder and everything in it."""
        inside = PurePosixPath(await self.working_dir())
        if PurePosixPath(os.path.normpath(path)) in (inside, *inside.parents):
            raise ValueError("the working directory and what it lies in cannot be removed")

        def remove(spot: Found) -> None:
            _ = spot.status
            if spot.file is not None:
                os.unlink(spot.file[1], dir_fd=spot.folders[-1][0])
            elif len(spot.folders) == 1:
                raise ValueError("the working directory cannot be removed")
            else:
                shutil.rmtree(spot.folders[-1][1], dir_fd=spot.folders[-2][0])

        await self._at(path, remove, follow=False)

    async def exists(self, path: str) -> bool:
        """Whether a path leads to something in the worktree."""
        try:
            return await self._at(path, lambda spot: not spot.missing)
        except (NotADirectoryError, PermissionError):
            return False

    async def realpath(self, path: str) -> str:
        """The path with all links resolved. Raises OSError for one that leads out, and for a loop."""
        return await self._at(path, lambda spot: spot.path)

    async def _opened(self) -> Sandbox:
        async with self._opening:
            self._require()
            if self._sandbox is None:
                try:
                    self._sandbox = await asyncio.to_thread(self._open, self._kind, self._worktree)
                except SandboxUnavailable as error:
                    raise WorkspaceUnavailableError(str(error)) from error
            return self._sandbox

    def _require(self) -> None:
        if not self._worktree.is_dir():
            raise WorkspaceUnavailableError(f"{self._worktree}: the worktree is gone")

    async def _at[Answer](self, path: str, work: Callable[[Found], Answer], *, follow: bool = True) -> Answer:
        inside = await self.working_dir()

        def there() -> Answer:
            with found(self._worktree, inside, path, follow=follow) as spot:
                return work(spot)

        return await asyncio.to_thread(there)

    async def _listed(self, path: str) -> FileEntry:
        try:
            return await self.stat(path)
        except OSError:
            return FileEntry(name=PurePosixPath(path).name, path=path, is_dir=False, size=None)

    async def _while_it_is_there(self, running: Awaitable[SandboxResult]) -> SandboxResult:
        task = asyncio.ensure_future(running)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=_LOOK_SECONDS)
                self._require()
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


def _words(command: WorkspaceCommand, *, shell: bool) -> Sequence[str]:
    if isinstance(command, str) is not shell:
        raise TypeError("a text is run with shell=True, a sequence of words without")
    return ["/bin/sh", "-c", command] if isinstance(command, str) else command


def _result(result: SandboxResult, limits: Limits) -> CommandResult:
    if result.ending == "timeout":
        raise WorkspaceTimeoutError(result.limit, stdout=result.stdout, stderr=result.stderr)
    if result.ending == "output" or result.left_out:
        raise WorkspaceOutputLimitError(
            f"the output is longer than {limits.output_bytes} bytes",
            limit=limits.output_bytes,
            stdout=result.stdout,
            stderr=result.stderr,
        )
    errors = f"{result.stderr}{result.limit}\n" if result.limit else result.stderr
    return CommandResult(exit_code=result.exit_code, stdout=result.stdout, stderr=errors)


def _regular(spot: Found, wanted: int) -> int:
    """The descriptor of a regular file that its owner may use in the wanted way."""
    mode = spot.status.st_mode
    if spot.file is None:
        raise _error(errno.EISDIR, spot.path)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is no regular file", spot.path)
    if not mode & wanted:
        raise _error(errno.EACCES, spot.path)
    return spot.file[0]


def _make(spot: Found, names: Sequence[str], path: str) -> None:
    for name in names:
        spot.folders.append((enter(spot.folders[-1][0], name, path, make=True), name))
    spot.missing = []


def _entry(path: str, status: os.stat_result) -> FileEntry:
    is_folder = stat.S_ISDIR(status.st_mode)
    return FileEntry(
        name=PurePosixPath(path).name, path=path, is_dir=is_folder, size=None if is_folder else status.st_size
    )


def _error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)
