"""How tools run commands: through whatever their caller hands them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tools.sandbox.base import CommandResult, Limits, Mounts


class Runner(Protocol):
    """Runs a command in a worktree: `Workspace.run`, or `Sandbox.run`."""

    async def __call__(
        self,
        command: Sequence[str],
        *,
        mounts: Mounts = ...,
        environment: Mapping[str, str] | None = ...,
        limits: Limits = ...,
        writable: bool = ...,
    ) -> CommandResult:
        """Run it and wait for it."""
        ...
