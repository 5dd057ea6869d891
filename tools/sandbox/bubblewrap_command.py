"""The bubblewrap command line, as a value: every protection that the sandbox gives is written here.

Two modes. As `root`, bubblewrap mounts with the runtime's own rights, so that a toolchain in a private home can be
reached, and the command is then given an unprivileged user id. As `user`, a user namespace does both.
"""

from __future__ import annotations

import resource
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Literal

from tools.sandbox.base import WORKSPACE, Limits, Mounts

Mode = Literal["root", "user"]

ROOT_MODE_UID = 64999
"""The user and group id of commands in root mode: none that a distribution hands out."""
USER_MODE_UID = 1000
"""What commands in user mode see as their own id; outside it is the runtime's."""

SHARED_MEMORY_BYTES = 64 << 20
LOCKED_BYTES = 64 << 10

_LIMITED: Mapping[str, int] = {
    "nproc": resource.RLIMIT_NPROC,
    "data": resource.RLIMIT_DATA,
    "fsize": resource.RLIMIT_FSIZE,
    "cpu": resource.RLIMIT_CPU,
    "nofile": resource.RLIMIT_NOFILE,
    "memlock": resource.RLIMIT_MEMLOCK,
    "core": resource.RLIMIT_CORE,
}

_HOST_FILES = (
    "/etc/ssl",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
)
_MADE_BY_BUBBLEWRAP = frozenset(PurePosixPath(path) for path in ("/", "/usr", "/tmp", "/etc", "/dev", "/proc"))


@dataclass(frozen=True, slots=True)
class Descriptors:
    """Open file descriptors that bubblewrap inherits."""

    passwd: int
    group: int
    hosts: int
    status: int
    """Where it writes how the command ended."""
    seccomp: int | None = None


@dataclass(frozen=True, slots=True)
class Confinement:
    """What stays the same for all commands of one sandbox."""

    binary: str
    """The bubblewrap executable."""
    mode: Mode
    worktree: Path
    protected: tuple[str, ...]
    """Names at the top of the worktree that are read-only inside: `.git`."""
    system: tuple[str, ...]
    """Arguments that mount the system's folders beside `/usr`: `--symlink usr/bin /bin`."""


def bubblewrap_command(
    confinement: Confinement,
    command: Sequence[str],
    *,
    mounts: Mounts,
    environment: Mapping[str, str],
    limits: Limits,
    descriptors: Descriptors,
    writable: bool,
    counted: bool,
    hard: Mapping[str, int],
) -> list[str]:
    """The whole command line. `counted`: control groups hold memory and processes, so that rlimits need not.

    `hard`: as `rlimits` takes it.
    """
    return [
        confinement.binary,
        *_namespaces(confinement.mode),
        *_system(confinement.system),
        *_identity(descriptors),
        *_scratch(limits),
        *_read_only(mounts.read_only),
        *_worktree(confinement, writable),
        *_bound(mounts),
        *("--remount-ro", "/", "--chdir", WORKSPACE, "--clearenv"),
        *(word for name, value in environment.items() for word in ("--setenv", name, value)),
        *(() if descriptors.seccomp is None else ("--seccomp", str(descriptors.seccomp))),
        *("--json-status-fd", str(descriptors.status), "--"),
        *rlimits(limits, processes=not counted, memory=not counted, hard=hard),
        *(_drop_rights() if confinement.mode == "root" else ()),
        *command,
    ]


def rlimits(
    limits: Limits, *, processes: bool, memory: bool, hard: Mapping[str, int] = MappingProxyType({})
) -> list[str]:
    """A `prlimit` prefix that sets what the kernel limits per process or user.

    `hard`: what nobody may go beyond here, as `hard_limits` tells it; what asks for more gets that much.
    """
    wanted = {
        **({"nproc": (limits.processes,)} if processes else {}),
        **({"data": (limits.memory_bytes,)} if memory else {}),
        "fsize": (limits.file_bytes,),
        "cpu": (limits.cpu_seconds, limits.cpu_seconds + 1),  # a signal that names the limit, then a killing one
        "nofile": (limits.open_files,),
        "memlock": (LOCKED_BYTES,),
        "core": (1,),  # no dump fits, and unlike with 0 the kernel does not start the host's handler of crashes either
    }
    told = {name: ":".join(str(min(one, hard.get(name, one))) for one in values) for name, values in wanted.items()}
    return ["prlimit", *(f"--{name}={values}" for name, values in told.items()), "--"]


def hard_limits() -> Mapping[str, int]:
    """What the commands that this process starts may not go beyond, by the names of `prlimit`."""
    found = {name: resource.getrlimit(kind)[1] for name, kind in _LIMITED.items()}
    return {name: most for name, most in found.items() if most != resource.RLIM_INFINITY}


def _namespaces(mode: Mode) -> list[str]:
    shared = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    shared += ["--die-with-parent", "--new-session", "--hostname", "sandbox"]
    if mode == "user":
        identity = str(USER_MODE_UID)
        return [*shared, "--unshare-user", "--disable-userns", "--uid", identity, "--gid", identity]
    kept = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
    return [*shared, "--cap-drop", "ALL", *(word for one in kept for word in ("--cap-add", one))]


def _system(system: Sequence[str]) -> list[str]:
    # Folders are made with their permissions: those that bubblewrap makes unasked are closed to the dropped user id.
    return [
        *("--ro-bind", "/usr", "/usr", *system),
        *("--perms", "0755", "--dir", "/etc"),
        *(word for path in _HOST_FILES for word in ("--ro-bind-try", path, path)),
    ]


def _identity(descriptors: Descriptors) -> list[str]:
    files = {"/etc/passwd": descriptors.passwd, "/etc/group": descriptors.group, "/etc/hosts": descriptors.hosts}
    return [word for path, fd in files.items() for word in ("--perms", "0444", "--ro-bind-data", str(fd), path)]


def _scratch(limits: Limits) -> list[str]:
    return [
        *("--proc", "/proc", "--dev", "/dev"),
        # The first process is bubblewrap's own: one that could write its memory would take over who ends the others.
        *("--tmpfs", "/proc/1", "--remount-ro", "/proc/1"),
        *("--size", str(SHARED_MEMORY_BYTES), "--perms", "1777", "--tmpfs", "/dev/shm"),
        *("--remount-ro", "/dev"),
        *("--size", str(limits.scratch_bytes), "--perms", "1777", "--tmpfs", "/tmp"),
    ]


def _read_only(folders: Iterable[Path]) -> list[str]:
    wanted = [folder for folder in folders if not folder.is_relative_to("/usr")]
    return [word for folder in wanted for word in _mounted("--ro-bind", folder, str(folder))]


def _worktree(confinement: Confinement, writable: bool) -> list[str]:
    worktree = confinement.worktree
    protected = [word for name in confinement.protected for word in _protect(worktree, name)]
    return ["--bind" if writable else "--ro-bind", str(worktree), WORKSPACE, *protected]


def _protect(worktree: Path, name: str) -> list[str]:
    return ["--ro-bind", str(worktree / name), f"{WORKSPACE}/{name}"]


def _bound(mounts: Mounts) -> list[str]:
    read_only = (word for host, inside in mounts.bound.items() for word in _mounted("--ro-bind", host, inside))
    writable = (word for host, inside in mounts.writable.items() for word in _mounted("--bind", host, inside))
    return [*read_only, *writable]


def _mounted(how: str, host: Path, inside: str) -> list[str]:
    missing = [parent for parent in reversed(PurePosixPath(inside).parents) if parent not in _MADE_BY_BUBBLEWRAP]
    beneath_worktree = PurePosixPath(inside).is_relative_to(WORKSPACE)
    folders = [] if beneath_worktree else [word for one in missing for word in ("--perms", "0755", "--dir", str(one))]
    return [*folders, how, str(host), inside]


def _drop_rights() -> list[str]:
    identity = (f"--reuid={ROOT_MODE_UID}", f"--regid={ROOT_MODE_UID}", "--clear-groups")
    return ["setpriv", *identity, "--inh-caps=-all", "--bounding-set=-all", "--"]
