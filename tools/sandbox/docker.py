"""The Docker sandbox: commands in warm containers without network, rights or files of the host."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.errors import SandboxUnavailable
from tools.sandbox.base import CommandResult, Ending, Limits, Mounts, SandboxKind, inside_workspace
from tools.sandbox.bubblewrap_command import ROOT_MODE_UID
from tools.sandbox.docker_command import DockerService, follow
from tools.sandbox.docker_container import Container, Shape
from tools.sandbox.docker_engine import Engine, find_engine, image_name
from tools.sandbox.docker_exec import Execution, Unclean, execute
from tools.sandbox.docker_pool import ContainerPool, remove_abandoned
from tools.sandbox.ownership import hand_over
from tools.sandbox.running import Watch
from tools.sandbox.watching import watcher

_PROTECTED = (".git",)
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8"}
_TRIES = 3


@dataclass(slots=True)
class _Started:
    container: Container
    execution: Execution
    watch: Watch
    reusable: bool = False
    """Set once the command has ended by itself, and everything with it."""


class Docker:
    """A sandbox on one worktree; see `tools.sandbox.base.Sandbox`.

    A container runs one command at a time and the next one after it, cleaned in between; one in which a command was
    ended, or hit a limit, is taken away. All of them end with the runtime, however it ends.

    As root the worktree's files, but `.git`, are given to the sandbox's user; else commands have the runtime's own id.
    """

    kind: SandboxKind = "docker"

    def __init__(self, worktree: Path, *, engine: Engine | None = None) -> None:
        self.worktree = worktree.resolve(strict=True)
        engine = engine or find_engine()
        if not engine.has_image():
            raise SandboxUnavailable(f"the image {image_name()} is not there: `agent sandbox build` makes it")
        remove_abandoned(engine)
        self._user = f"{ROOT_MODE_UID}:{ROOT_MODE_UID}" if _is_root() else f"{os.geteuid()}:{os.getegid()}"
        self._pool = ContainerPool(engine, self._user)
        self.take_over()

    def take_over(self) -> None:
        """Give what the runtime has written into the worktree to the sandbox's user, where that is another one."""
        if _is_root():
            hand_over(self.worktree, keep=frozenset(_PROTECTED))

    def close(self) -> None:
        """Remove the warm containers."""
        self._pool.close()

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
        """Run one command in the worktree; raises SandboxUnavailable when the engine refuses."""
        async with self._started(command, mounts, environment or {}, limits, writable=writable) as started:
            finished = await follow(started.execution, limits, started.watch, stdin)
            counted = None if finished.hit else await asyncio.to_thread(_counted, started.container, finished.exit_code)
            result = finished.result(command, limits, counted=counted)
            started.reusable = result.ending == "exited" and counted is None
        return result

    @contextlib.asynccontextmanager
    async def start(
        self,
        command: Sequence[str],
        *,
        mounts: Mounts = Mounts(),
        environment: Mapping[str, str] | None = None,
        limits: Limits = Limits(),
        writable: bool = False,
    ) -> AsyncIterator[DockerService]:
        """Run a service for as long as the context is open."""
        async with self._started(command, mounts, environment or {}, limits, writable=writable) as started:
            service = DockerService(started.execution, await started.execution.pid(), limits)
            following = asyncio.create_task(service.until_it_ends(started.watch))
            try:
                yield service
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
                service.ended()

    @contextlib.asynccontextmanager
    async def _started(
        self,
        command: Sequence[str],
        mounts: Mounts,
        environment: Mapping[str, str],
        limits: Limits,
        *,
        writable: bool,
    ) -> AsyncIterator[_Started]:
        """A command in a container that is nobody else's meanwhile, and clean or gone afterwards."""
        shape = self._shape(mounts, limits, writable=writable)
        execution = await self._execute(shape, command, {**_ENVIRONMENT, **environment}, limits)
        container = execution.container
        folders = [self.worktree, *mounts.writable] if writable else [*mounts.writable]
        watch = watcher(folders, limits, memory=False, processes=False, reaper=container.reaper())
        started = _Started(container, execution, watch)
        try:
            yield started
        finally:
            execution.writer.close()
            await _finish(asyncio.to_thread(self._pool.give_back, container, reusable=started.reusable))

    async def _execute(
        self, shape: Shape, command: Sequence[str], environment: Mapping[str, str], limits: Limits
    ) -> Execution:
        problem = ""
        for _ in range(_TRIES):
            container = await asyncio.to_thread(self._pool.take, shape)
            try:
                return await execute(container, command, user=self._user, environment=environment, limits=limits)
            except Unclean as error:
                problem = str(error)
                await asyncio.to_thread(container.remove)
            except BaseException:
                await _finish(asyncio.to_thread(container.remove))
                raise
        raise SandboxUnavailable(f"no command can be started in a container: {problem}")

    def _shape(self, mounts: Mounts, limits: Limits, *, writable: bool) -> Shape:
        for folder in (*mounts.read_only, *mounts.bound, *mounts.writable):
            if not folder.exists():
                raise FileNotFoundError(f"{folder} cannot be mounted: it does not exist")
        if _is_root():
            for folder in mounts.writable:
                hand_over(folder)
        protected = tuple(name for name in _PROTECTED if os.path.lexists(self.worktree / name))
        return Shape.of(self.worktree, protected, mounts, limits, writable=writable)


async def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Wait for work that must be over before anything goes on, also when this task is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _counted(container: Container, exit_code: int) -> Ending | None:
    counted = container.counts().ending()
    if counted is not None or exit_code == 0:
        return counted
    return "memory" if container.out_of_memory() else None


def _is_root() -> bool:
    return os.geteuid() == 0
