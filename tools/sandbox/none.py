"""No sandbox: commands run as the runtime's own user, with its files and network in reach. An explicit choice only."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from tools.sandbox.base import CommandResult, Limits, Mounts, SandboxKind
from tools.sandbox.bubblewrap_command import hard_limits, rlimits
from tools.sandbox.marking import MARK, kill_tree, ticks
from tools.sandbox.running import Launch, Service, run_process, running_service
from tools.sandbox.watching import watcher


class NoSandbox:
    """Commands in the worktree, held only by limits; see `tools.sandbox.base.Sandbox`.

    Keeps the cleared environment, the limits and the killing of the process tree. Protects nothing else: files, network
    and other processes are those of the runtime, `writable=False` is a wish, and a process that clears its environment
    and leaves its process group is not found.
    """

    kind: SandboxKind = "none"

    def __init__(self, worktree: Path) -> None:
        self.worktree = worktree.resolve(strict=True)

    def inside(self, host: Path) -> str:
        """The path itself."""
        return str(host if host.is_absolute() else self.worktree / host)

    def bound(self, host: Path, wanted: str) -> str:  # noqa: ARG002 - the interface's
        """The host's path."""
        return str(host)

    def close(self) -> None:
        """Nothing is kept between commands."""

    def take_over(self) -> None:
        """Nothing: commands have the runtime's own rights."""

    async def run(
        self,
        command: Sequence[str],
        *,
        mounts: Mounts = Mounts(),
        environment: Mapping[str, str] | None = None,
        limits: Limits = Limits(),
        stdin: bytes | None = None,
        writable: bool = True,  # noqa: ARG002 - the interface's
    ) -> CommandResult:
        """Run one command in the worktree and wait for it."""
        launch = self._launch(command, mounts, environment or {}, limits)
        finished = await run_process(launch, limits, stdin)
        return finished.result(command, limits)

    @contextlib.asynccontextmanager
    async def start(
        self,
        command: Sequence[str],
        *,
        mounts: Mounts = Mounts(),
        environment: Mapping[str, str] | None = None,
        limits: Limits = Limits(),
        writable: bool = False,  # noqa: ARG002 - the interface's
    ) -> AsyncIterator[Service]:
        """Run a service for as long as the context is open."""
        launch = self._launch(command, mounts, environment or {}, limits)
        async with running_service(launch, limits) as service:
            yield service

    def _launch(self, command: Sequence[str], mounts: Mounts, environment: Mapping[str, str], limits: Limits) -> Launch:
        mark, since = uuid.uuid4().hex, ticks()
        fixed = {"PATH": os.defpath, "HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8"}
        return Launch(
            argv=[
                *_dying_with_parent(),
                *rlimits(limits, processes=False, memory=True, hard=hard_limits()),
                *command,
            ],
            environment={**fixed, **environment, MARK: mark},
            folder=self.worktree,
            watch=watcher([self.worktree, *mounts.writable], limits, memory=True, processes=True),
            kill=lambda pid: kill_tree(pid, mark, since),
        )


def _dying_with_parent() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
