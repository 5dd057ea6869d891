"""The one interface behind which untrusted commands run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

SandboxKind = Literal["bubblewrap", "docker", "none"]
SandboxChoice = Literal["auto", "bubblewrap", "docker", "none"]
"""What a caller asks for; `auto` is never none."""

Ending = Literal[
    "exited",
    "timeout",
    "cpu",
    "memory",
    "disk",
    "written",
    "file_size",
    "output",
    "processes",
    "signalled",
]
"""How a command ended; a closed set. All but `exited` and `signalled` name the limit for which it was ended.

`processes` with control groups: a fork was refused, and the command failed.
"""

WORKSPACE = "/workspace"
"""Where the worktree lies inside (with kind `none`: see `Sandbox.inside`)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one command may use up."""

    seconds: float = 120.0
    """Wall time."""
    memory_bytes: int = 1 << 30
    processes: int = 256
    file_bytes: int = 256 << 20
    """The biggest single file."""
    open_files: int = 4096
    """Of one process."""
    scratch_bytes: int = 256 << 20
    """The size of `/tmp`, which is memory."""
    workspace_bytes: int = 1 << 30
    """All files of the worktree together, each counting for 4 KiB at least; watched every half second, so it can be
    overshot for that long."""
    written_bytes: int = 4 << 30
    """Written to disk in all, what was deleted again included; watched as the above."""
    output_bytes: int = 256 << 10
    """Kept of each stream: the first and the last half of it."""
    flood_bytes: int = 64 << 20
    """Of one stream, from which on the command is ended."""
    cpu_seconds: int = 600
    """Of each process, and of all together."""
    cpus: float = 2.0
    """Processors that may be busy at once; held by Docker alone."""


@dataclass(frozen=True, slots=True)
class Mounts:
    """What a command sees beside its worktree."""

    read_only: tuple[Path, ...] = ()
    """Host folders at the same path inside: the toolchain."""
    bound: Mapping[Path, str] = field(default_factory=dict)
    """Host folder → path inside, read-only: the database's socket folder."""
    writable: Mapping[Path, str] = field(default_factory=dict)
    """Host folder → path inside, writable: results, a service's own socket."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What came of a command."""

    command: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    ending: Ending = "exited"
    limit: str = ""
    """The limit that it hit, in words: `killed: memory limit 1 GiB`, `refused: open files limit 4096`; else empty."""
    left_out: int = 0
    """Bytes of output that were not kept."""

    @property
    def ok(self) -> bool:
        """True when it exited by itself with 0."""
        return self.ending == "exited" and self.exit_code == 0

    @property
    def output(self) -> str:
        """Standard output, then standard error, then the limit that was hit."""
        return "\n".join(text for text in (self.stdout.strip(), self.stderr.strip(), self.limit) if text)


class Process(Protocol):
    """A service that runs in the sandbox until its context ends."""

    @property
    def running(self) -> bool:
        """False once it has exited."""
        ...

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        ...

    @property
    def pid(self) -> int:
        """The host's process id of the outermost process; its descendants are the service."""
        ...

    def log(self) -> str:
        """What it has printed so far, bounded, both streams together."""
        ...


class Sandbox(Protocol):
    """A place where commands run on one worktree."""

    kind: SandboxKind
    worktree: Path

    def inside(self, host: Path) -> str:
        """The path inside of a file or folder of the worktree: `/workspace/src` (kind `none`: the path itself)."""
        ...

    def bound(self, host: Path, wanted: str) -> str:
        """The path inside of a folder mounted by `Mounts.bound` or `Mounts.writable` (kind `none`: the host's path)."""
        ...

    def close(self) -> None:
        """Take away what is kept between commands; the sandbox can be used again, and closed again."""
        ...

    def take_over(self) -> None:
        """Let commands change what the runtime has written into the worktree by other means than `tools.files`."""
        ...

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
        """Run one command in the worktree and wait for it; at its end its whole process tree is gone.

        With `writable=False` the worktree is mounted read-only. The environment holds only `PATH`, `HOME`, `LANG`,
        `TMPDIR` and what is given here. A failing command is a result, not an error.
        """
        ...

    def start(
        self,
        command: Sequence[str],
        *,
        mounts: Mounts = Mounts(),
        environment: Mapping[str, str] | None = None,
        limits: Limits = Limits(),
        writable: bool = False,
    ) -> AbstractAsyncContextManager[Process]:
        """Run a service for as long as the context is open; at its end its whole process tree is gone.

        `limits.seconds` does not apply: the context says how long.
        """
        ...


def inside_workspace(worktree: Path, host: Path) -> str:
    """The path beneath `/workspace` of a file or folder of the worktree. Raises ValueError for others."""
    absolute = host if host.is_absolute() else worktree / host
    relative = absolute.relative_to(worktree)
    return WORKSPACE if relative == Path() else f"{WORKSPACE}/{relative.as_posix()}"
