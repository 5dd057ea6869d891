"""One PostgreSQL for all runs of a user on this machine.

A keeper (`tools.postgres.keeper`) starts the server, stays its parent, and stops both when nobody has needed it for a
while. A run holds a lease: a shared lock on a file, of which the kernel lets go however the run ends. Everything that
leads to the server lies in a folder of the user's cache that nobody else can enter, so nobody can put another server in
its place.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psycopg

from tools.errors import ServerUnavailable
from tools.postgres.launching import SETTINGS, connect
from tools.servers.locks import held, held_if_free
from tools.servers.programs import Programs

LEASES = "leases"
"""Locked together by all who need the server, and alone by a keeper that is about to stop it."""
KEEPER = "keeper"
"""Locked by the keeper for as long as it lives."""
ADDRESS = "server.json"
LOG = "keeper.log"
_STARTING = "starting"

IDLE_SECONDS = 300.0
"""How long a server waits for the next run. `AGENT_SERVER_IDLE_SECONDS` overrides."""

_PATIENCE = 15.0
"""Seconds within which a keeper whose server is gone has to end."""
_FORGOTTEN_AFTER = 86_400.0
"""Seconds after which the folder of a server that is gone is removed."""
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "XDG_CACHE_HOME")
"""What a keeper sees of the environment: it outlives the run, and no key of the run's may live on in it."""


@dataclass(frozen=True, slots=True)
class Shared:
    """How to reach a shared server."""

    socket: str
    """Its folder."""
    password: str = field(repr=False)
    """The admin's."""
    keeper: int
    """The keeper's process id."""


@contextmanager
def shared(programs: Programs, cache: Path, idle: float | None = None) -> Iterator[Shared]:
    """The user's server, started if need be, and kept running for as long as the context is open.

    Raises `ServerUnavailable` when it cannot be started, or when the folder in `cache` is not the user's alone.
    """
    folder = state_folder(programs, cache)
    seconds = float(os.environ.get("AGENT_SERVER_IDLE_SECONDS", IDLE_SECONDS)) if idle is None else idle
    with held(folder / LEASES, shared=True):
        os.utime(folder / LEASES)
        try:
            yield _found_or_started(folder, programs, cache, seconds)
        finally:
            with suppress(FileNotFoundError):  # the cache was removed meanwhile
                os.utime(folder / LEASES)


def state_folder(programs: Programs, cache: Path) -> Path:
    """Where runs that can share a server find it: same user, machine, mounts, programs and settings."""
    servers = cache / "servers"
    installed = programs.folder.stat()  # of one that was replaced the running server finds nothing any more
    key = (
        Path("/proc/sys/kernel/random/boot_id").read_text(),
        Path("/proc/self/ns/mnt").stat().st_ino,
        os.geteuid(),
        str(programs.folder),
        (installed.st_dev, installed.st_ino, installed.st_ctime_ns),
        programs.version_text,
        SETTINGS,
    )
    folder = servers / hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    for one in (servers, folder):
        _make_private(one)
    for other in servers.iterdir():
        if other != folder:
            _forget(other)
    return folder


def read_address(folder: Path) -> Shared | None:
    """What the keeper wrote down; None when there is nothing whole."""
    try:
        return Shared(**json.loads((folder / ADDRESS).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_address(folder: Path, address: Shared) -> None:
    """Write it down, whole or not at all, for the user's eyes only."""
    unfinished = folder / f"{ADDRESS}.new"
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(asdict(address)))
    unfinished.rename(folder / ADDRESS)


def answers(address: Shared) -> bool:
    """Whether the server lets the admin in."""
    try:
        connect(Path(address.socket), address.password).close()
    except psycopg.OperationalError:
        return False
    return True


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise ServerUnavailable(f"{folder} belongs to somebody else: set AGENT_CACHE_DIR to a folder of your own.")
    if status.st_mode & 0o077:
        folder.chmod(0o700)


def _forget(folder: Path) -> None:
    """Remove what a server left whose machine was restarted since, or whose programs are gone."""
    with suppress(OSError):
        if time.time() - (folder / LEASES).stat().st_mtime < _FORGOTTEN_AFTER:
            return
        with held_if_free(folder / LEASES) as unused, held_if_free(folder / KEEPER) as unkept:
            if unused and unkept:
                shutil.rmtree(folder)


def _found_or_started(folder: Path, programs: Programs, cache: Path, idle: float) -> Shared:
    with held(folder / _STARTING):
        deadline = time.monotonic() + _PATIENCE
        while _is_kept(folder):
            address = read_address(folder)
            if address is not None and answers(address):
                return address
            if time.monotonic() > deadline:
                number = address.keeper if address else "of `tools.postgres.keeper`"
                raise ServerUnavailable(f"The shared PostgreSQL does not answer: end the process {number}, try again.")
            time.sleep(0.05)
        _start_keeper(folder, programs, cache, idle)
        address = read_address(folder)
    if address is None:
        raise ServerUnavailable(f"The shared PostgreSQL ended as soon as it had started; see {folder / LOG}.")
    return address


def _is_kept(folder: Path) -> bool:
    with held_if_free(folder / KEEPER) as free:
        return not free


def _start_keeper(folder: Path, programs: Programs, cache: Path, idle: float) -> None:
    # -P: the folder that the runtime was called in is no place to import from.
    command = [sys.executable, "-P", "-m", "tools.postgres.keeper", str(folder), str(programs.folder)]
    command += [programs.version_text, str(cache), str(idle)]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    started = subprocess.run(
        command, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if started.returncode != 0:
        raise ServerUnavailable(started.stdout.decode("utf-8", "replace").strip()[-4000:])
