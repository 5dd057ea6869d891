"""The workspace as its users see it: a git worktree, its toolchain environment, its sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from tools.sandbox.base import CommandResult, Limits, Mounts, Process, Sandbox


class Workspace(Protocol):
    """A git worktree on a branch of its own, with the tools to work in it."""

    root: Path
    """The worktree on the host."""
    branch: str
    toolchain: Path
    """The toolchain environment: `<toolchain>/bin/python`; read-only inside the sandbox, at the same path."""
    sandbox: Sandbox
    state: Path
    """A folder outside the worktree for caches and results of this run."""

    def tree(self) -> str:
        """Hash of the git tree that a commit of everything in the worktree would have now."""
        ...

    def commit(self, message: str) -> str | None:
        """Commit everything; the commit's hash, or None when nothing changed. Hooks never run."""
        ...

    def head(self) -> str:
        """The newest commit of the branch; empty where there is none."""
        ...

    def write(self, files: Mapping[str, str]) -> None:
        """Write files (path in the worktree → content); parents are made; nothing outside is ever written."""
        ...

    def theirs(self) -> frozenset[str]:
        """Paths of the files that the repository held where the work began; none of a new one."""
        ...

    def before(self, path: str) -> str:
        """A file's content where the work began, without its last line end; empty where it was not there."""
        ...

    def read(self) -> Mapping[str, str]:
        """Every text file of the worktree (path → content), ignored and binary ones left out."""
        ...

    async def run(
        self,
        command: Sequence[str],
        *,
        mounts: Mounts = Mounts(),
        environment: Mapping[str, str] | None = None,
        limits: Limits = Limits(),
        writable: bool = True,
    ) -> CommandResult:
        """Run a command in the sandbox with the toolchain on its PATH."""
        ...

    def start(
        self,
        command: Sequence[str],
        *,
        mounts: Mounts = Mounts(),
        environment: Mapping[str, str] | None = None,
        limits: Limits = Limits(),
    ) -> AbstractAsyncContextManager[Process]:
        """Run a service in the sandbox, with the toolchain on its PATH and the worktree read-only."""
        ...
