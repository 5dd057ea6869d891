"""Keeps a shared server: `python -m tools.postgres.keeper FOLDER PROGRAMS VERSION CACHE IDLE_SECONDS`.

Returns once the server answers, and stays behind as its parent. Both end together, whichever ends first; the server's
folder is removed by the keeper, or by whoever starts the next server when the keeper was killed.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tools.errors import ServerUnavailable
from tools.postgres.launching import Launched, connect, launched
from tools.postgres.leftovers import sweep
from tools.postgres.sharing import ADDRESS, KEEPER, LEASES, LOG, Shared, write_address
from tools.servers.locks import held, try_alone
from tools.servers.programs import Programs

_TURN = 0.5
"""Seconds between two looks at the leases."""
_SWEEP = 10.0
"""Seconds between two searches for databases of dead runs."""


@dataclass(slots=True)
class Leases:
    """Whether anybody needs the server."""

    path: Path
    descriptor: int
    """The lock's file, open for as long as the process lives."""
    last_needed: float
    """As `time.time` counts."""

    @classmethod
    def of(cls, folder: Path) -> Leases:
        """Those of a state folder."""
        path = folder / LEASES
        return cls(path, os.open(path, os.O_RDWR | os.O_CLOEXEC), time.time())

    def over(self, idle: float) -> bool:
        """True when nobody has needed the server for so many seconds; then nobody can take a lease any more."""
        if not try_alone(self.descriptor):
            self.last_needed = time.time()
            return False
        status = self._status()
        if status is None or time.time() - max(self.last_needed, status.st_mtime) > idle:
            return True
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        return False

    def _status(self) -> os.stat_result | None:
        """None when the folder was removed: nobody will ever find this server again."""
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return None
        return now if os.path.samestat(now, os.fstat(self.descriptor)) else None


def main() -> None:
    """Start the server from a process that stays behind, and wait until it answers."""
    folder, programs, version, cache, idle = sys.argv[1:]
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with os.fdopen(reading) as pipe:
            told = pipe.read()
        sys.exit(0 if told == "ready" else told or f"the keeper ended; see {folder}/{LOG}")
    os.setsid()
    os.close(reading)
    _write_to(Path(folder) / LOG)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    def tell(text: str) -> None:
        os.write(writing, text.encode())
        os.close(writing)

    _keep(Path(folder), Programs(Path(programs), version), Path(cache), float(idle), tell)


def _write_to(log: Path) -> None:
    target = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)


def _keep(folder: Path, programs: Programs, cache: Path, idle: float, tell: Callable[[str], None]) -> None:
    with held(folder / KEEPER):
        try:
            with launched(programs, cache=cache) as server:
                write_address(folder, Shared(str(server.socket), server.password, os.getpid()))
                tell("ready")
                _watch(server, Leases.of(folder), idle)
        except ServerUnavailable as error:
            tell(str(error))
        finally:
            (folder / ADDRESS).unlink(missing_ok=True)


def _watch(server: Launched, leases: Leases, idle: float) -> None:
    """Return when the server has ended, or is not needed any more."""
    swept = time.monotonic()
    while server.process.poll() is None and not leases.over(idle):
        if time.monotonic() - swept > _SWEEP:
            _sweep(server)
            swept = time.monotonic()
        time.sleep(_TURN)


def _sweep(server: Launched) -> None:
    try:
        with connect(server.socket, server.password) as connection:
            sweep(connection)
    except psycopg.OperationalError:
        traceback.print_exc()  # into the log; the next look tells whether the server still lives


if __name__ == "__main__":
    main()
