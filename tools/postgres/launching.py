"""Start a PostgreSQL server of one's own: a fresh data folder, a unix socket, no network, gone with the runtime."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from tools.errors import ServerUnavailable
from tools.servers.enclosure import ENVIRONMENT, NOBODY, Enclosure, enclose
from tools.servers.folders import private_and_socket, run_folder
from tools.servers.process import kept_process, told
from tools.servers.programs import Programs

ADMIN = "postgres"

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0777",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "128MB",
    "shared_buffers": "128MB",
    "max_connections": "500",
    "superuser_reserved_connections": "30",
    "temp_file_limit": "1GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "fatal",
}
"""Everything is thrown away at the end, so nothing waits for a disk: a crash of the server forgets the last moments
before it. Passwords guard the socket, its mode does not."""

_PATIENCE = 60.0
"""Seconds within which a server has to answer."""


@dataclass(frozen=True, slots=True)
class Launched:
    """A running server."""

    socket: Path
    password: str
    """The admin's."""
    process: subprocess.Popen[bytes]
    folder: Path


@contextmanager
def launched(programs: Programs, *, cache: Path | None = None, bubblewrap: bool = True) -> Iterator[Launched]:
    """Run a server for as long as the context is open.

    `cache` keeps a ready data folder between runs, which saves most of the start. Raises `ServerUnavailable`, with the
    end of the server's log, when it does not start.
    """
    with run_folder() as folder:
        private, socket = private_and_socket(folder)
        enclosure = enclose(programs, "postgres", private, socket, bubblewrap=bubblewrap)
        password = _prepare_data(enclosure, private, programs, cache)
        with _running(enclosure, folder, socket, password) as process:
            yield Launched(socket, _closed(socket, password), process, folder)


def _prepare_data(enclosure: Enclosure, private: Path, programs: Programs, cache: Path | None) -> str:
    """Put a data folder into the private folder: a copy of the kept one, else a new one. The admin's password in it."""
    if cache is None:
        return _initialise(enclosure, private, programs)
    kept = cache / "postgres" / f"{programs.version_text}-{os.geteuid()}"
    if not kept.is_dir():
        password = _initialise(enclosure, private, programs)
        _keep(private / "data", password, kept)
        return password
    _copy(kept / "data", private / "data")
    return (kept / "password").read_text()


def _keep(data: Path, password: str, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix="new-", dir=kept.parent))
    _copy(data, unfinished / "data")
    (unfinished / "password").write_text(password)
    try:
        unfinished.rename(kept)
    except OSError:  # another run was faster
        shutil.rmtree(unfinished)


def _copy(source: Path, target: Path) -> None:
    done = subprocess.run(["cp", "-a", "--reflink=auto", source, target], capture_output=True, text=True)
    if done.returncode != 0:
        raise ServerUnavailable(f"{source} cannot be copied to {target}: {done.stderr.strip()[-500:]}")


def _initialise(enclosure: Enclosure, private: Path, programs: Programs) -> str:
    password = secrets.token_hex(16)
    secret = private / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if os.geteuid() == 0:
        os.chown(secret, NOBODY, NOBODY)
    command = enclosure.command(
        *("initdb", "-D", f"{enclosure.private}/data", "-U", ADMIN, "-A", "scram-sha-256"),
        *(f"--pwfile={enclosure.private}/password", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions"),
        *(("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if programs.major >= 17 else ()),
    )
    made = subprocess.run(command, env=ENVIRONMENT, cwd="/", capture_output=True, text=True)
    secret.unlink()
    if made.returncode != 0:
        raise ServerUnavailable(f"PostgreSQL's initdb failed: {(made.stderr or made.stdout).strip()[-2000:]}")
    return password


@contextmanager
def _running(enclosure: Enclosure, folder: Path, socket: Path, password: str) -> Iterator[subprocess.Popen[bytes]]:
    settings = (f"{name}={value}" for name, value in SETTINGS.items())
    command = enclosure.command(
        *("postgres", "-D", f"{enclosure.private}/data", "-c", f"unix_socket_directories={enclosure.socket}"),
        *(part for setting in settings for part in ("-c", setting)),
    )
    log = folder / "log"
    with kept_process(command, log, ending=signal.SIGQUIT) as process:
        _wait_until_ready(process, socket, password, log)
        yield process


def _wait_until_ready(process: subprocess.Popen[bytes], socket: Path, password: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    refusal = "it did not answer"
    while process.poll() is None and time.monotonic() < deadline:
        try:
            connect(socket, password).close()
            return
        except psycopg.OperationalError as error:
            refusal = str(error).strip()
        time.sleep(0.01)
    raise ServerUnavailable(
        "PostgreSQL did not start. If it started before, remove the folder `postgres` of the cache "
        + told(process, log, refusal)
    )


def _closed(socket: Path, known: str) -> str:
    """Give the admin a password that only this process has ever seen, and let nobody else into its databases."""
    password = secrets.token_hex(16)
    with connect(socket, known) as connection:
        connection.execute(SQL("ALTER ROLE {} PASSWORD {}").format(Identifier(ADMIN), password))
        connection.execute(SQL("REVOKE ALL ON DATABASE {}, template1 FROM PUBLIC").format(Identifier(ADMIN)))
    return password


def connect(socket: Path, password: str, database: str = ADMIN) -> psycopg.Connection:
    """A connection as the admin, each statement its own transaction."""
    return psycopg.connect(host=str(socket), port=5432, user=ADMIN, password=password, dbname=database, autocommit=True)
