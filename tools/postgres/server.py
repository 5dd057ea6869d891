"""The PostgreSQL server of a run, whichever kind was found, and the databases made on it."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote

import psycopg
from psycopg import errors
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier, Literal

from tools.errors import ServerUnavailable
from tools.postgres.binaries import find_binaries
from tools.postgres.foreign import check_doors, check_passwords, check_powers, way_to
from tools.postgres.forwarding import Address
from tools.postgres.launching import ADMIN, launched
from tools.postgres.leftovers import begin_run, continue_run, new_name, sweep
from tools.postgres.sharing import shared

_PATIENCE = 5.0
"""Seconds to wait for the connections of others to a template to end, or for a server that is starting again."""

_CONNECTIONS = 80
"""What one role may have open at a time."""
_NEW_ROLE: LiteralString = (
    "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT {} PASSWORD {}"
)
_SELF_GRANT: LiteralString = "SET createrole_self_grant = 'set, inherit'"
"""Without it a role that is no superuser could not make databases for the roles it made."""
_OWN_NAMES = "-c search_path=pg_catalog"


@dataclass(frozen=True, slots=True)
class Database:
    """One database and the role that owns it: no superuser, and nobody else may connect."""

    name: str
    role: str
    password: str = field(repr=False)

    def url(self, host_folder: str | Path) -> str:
        """The address as seen by a process that has the server's socket in `host_folder`."""
        folder = quote(str(host_folder), safe="/")
        return f"postgresql://{self.role}:{self.password}@/{self.name}?host={folder}"


@dataclass(slots=True)
class PostgresServer:
    """A server on which databases can be made. Its methods may be called from several threads."""

    socket_folder: Path
    """Holds `.s.PGSQL.5432`; the one thing of the server that a sandbox sees."""
    version: int
    """As the server numbers itself: 180006."""
    version_text: str
    """`18.6`."""
    address: Address
    """Where the server itself listens."""
    own: bool
    """Started by the runtime, and thrown away when no run needs it any more."""
    _admin: str = field(repr=False)
    _connection: psycopg.Connection = field(repr=False)
    _run_number: str = field(repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _databases: dict[str, Database] = field(default_factory=dict, repr=False)

    def create_database(self, template: Database | None = None) -> Database:
        """A new database with an owner of its own; a copy of `template`, or empty.

        Connections to the template have to end first. Raises `ServerUnavailable` when the server refuses.
        """
        name = new_name(self._run_number)
        made = Database(name, name, secrets.token_hex(16))
        with self._lock:
            self._run(_NEW_ROLE, Identifier(made.role), Literal(_CONNECTIONS), Literal(made.password))
            try:
                self._copy(made, template)
            except psycopg.Error as error:
                self._run("DROP ROLE {}", Identifier(made.role))
                raise ServerUnavailable(f"The server makes no database: {str(error).strip()}") from error
            self._databases[name] = made
            self._run("REVOKE ALL ON DATABASE {} FROM PUBLIC", Identifier(name))
            self._run("ALTER DATABASE {} ALLOW_CONNECTIONS true", Identifier(name))
            if template is not None:
                self._hand_over(made, template)
        return made

    def drop_database(self, database: Database) -> None:
        """Remove the database, its connections and its role. A database that is gone already is no error."""
        with self._lock:
            self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", Identifier(database.name))
            self._run("DROP ROLE IF EXISTS {}", Identifier(database.role))
            self._databases.pop(database.name, None)

    @contextmanager
    def database(self, template: Database | None = None) -> Iterator[Database]:
        """A database for as long as the context is open."""
        made = self.create_database(template)
        try:
            yield made
        finally:
            self.drop_database(made)

    def connect(self, database: Database) -> psycopg.Connection:
        """The same as `connect_as_owner`, each statement a transaction of its own."""
        connection = self.connect_as_owner(database)
        connection.autocommit = True
        return connection

    def connect_as_owner(self, database: Database) -> psycopg.Connection:
        """A connection as the database's own role, which is no superuser; with transactions. Close it after use."""
        return psycopg.connect(
            host=str(self.socket_folder),
            port=5432,
            user=database.role,
            password=database.password,
            dbname=database.name,
        )

    def administer(self, database: Database | None = None) -> psycopg.Connection:
        """A connection as admin, each statement a transaction of its own. Close it after use.

        What is in a database was written by who knows whom: as admin, run nothing there that calls its functions,
        triggers or views. Its settings, the search path above all, do not apply.
        """
        inside = {"dbname": database.name} if database else {}
        return psycopg.connect(make_conninfo(self._admin, options=_OWN_NAMES, **inside), autocommit=True)

    def drop_all(self) -> None:
        """Remove every database that was made here and is still there.

        When the server ended the connection, that is left to the next run, which finds its databases unclaimed.
        """
        if self._connection.closed:
            return
        for database in tuple(self._databases.values()):
            self.drop_database(database)

    def _copy(self, made: Database, template: Database | None) -> None:
        # A copy of the files is fastest, but asks the server for a checkpoint: only where no one else is disturbed.
        how = SQL("STRATEGY file_copy") if self.own else SQL("")
        parts = (
            Identifier(made.name),
            Identifier(made.role),
            Identifier(template.name if template else "template0"),
            how,
        )
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                # Everybody may enter a new database: nobody can until that is taken back.
                self._run("CREATE DATABASE {} OWNER {} TEMPLATE {} ALLOW_CONNECTIONS false {}", *parts)
                return
            except errors.ObjectInUse:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _hand_over(self, made: Database, template: Database) -> None:
        # REASSIGN also takes the template itself away from its owner: given back before anyone sees it.
        roles = Identifier(template.role), Identifier(made.role)
        with self.administer(made) as connection, connection.transaction():
            connection.execute(SQL("REASSIGN OWNED BY {} TO {}").format(*roles))
            connection.execute(SQL("ALTER DATABASE {} OWNER TO {}").format(Identifier(template.name), roles[0]))

    def _run(self, statement: LiteralString, *parts: Identifier | Literal | SQL) -> None:
        query = SQL(statement).format(*parts)
        try:
            self._connection.execute(query)
        except psycopg.OperationalError:
            if not self._connection.closed:
                raise
            self._connection = _reconnected(self._admin, self._run_number)
            self._connection.execute(query)


@contextmanager
def postgres_server(
    *, dsn: str | None = None, cache: Path | None = None, bubblewrap: bool = True
) -> Iterator[PostgresServer]:
    """A server for as long as the context is open: the one that `dsn` names, else one started from what is found here.

    With `cache` the server is shared by all runs of this user that name the same folder, and waits there for the next
    one; without it, or with `bubblewrap=False` (no such enclosure), it is this context's alone. What was made is
    dropped at the end. Raises `ServerUnavailable`, saying what is needed.
    """
    if dsn:
        with _foreign_server(dsn) as server:
            yield server
        return
    with _own_server(cache, bubblewrap=bubblewrap) as (socket, password), ExitStack() as stack:
        admin = make_conninfo(host=str(socket), port=5432, user=ADMIN, password=password, dbname=ADMIN)
        connection = stack.enter_context(psycopg.connect(admin, autocommit=True))
        sweep(connection)
        server = _server(socket, Address(str(socket), 5432), admin, connection, own=True)
        stack.callback(server.drop_all)
        yield server


@contextmanager
def _own_server(cache: Path | None, *, bubblewrap: bool) -> Iterator[tuple[Path, str]]:
    """Socket folder and the admin's password of the shared server, or of one that is nobody else's."""
    programs = find_binaries()
    if cache is None or not bubblewrap:
        with launched(programs, cache=cache, bubblewrap=bubblewrap) as alone:
            yield alone.socket, alone.password
        return
    with shared(programs, cache) as found:
        yield Path(found.socket), found.password


@contextmanager
def _foreign_server(dsn: str) -> Iterator[PostgresServer]:
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(psycopg.connect(dsn, autocommit=True))
        except psycopg.Error as error:
            raise ServerUnavailable(f"AGENT_POSTGRES_DSN cannot be reached: {str(error).strip()}") from error
        check_powers(connection)
        connection.execute(_SELF_GRANT)
        sweep(connection)
        address = Address(connection.info.host, connection.info.port)
        server = _server(way_to(address, dsn, stack), address, dsn, connection, own=False)
        stack.callback(server.drop_all)
        _check_isolation(server, connection.info.user)
        yield server


def _check_isolation(server: PostgresServer, admin: str) -> None:
    """See that a database's role is held to it here as it is on a server of our own."""
    with server.database() as tried:
        check_passwords(server.socket_folder, tried.name, (tried.role, admin, ADMIN))
        with server.connect(tried) as connection:
            check_doors(connection)


def _reconnected(admin: str, run: str) -> psycopg.Connection:
    """A new connection in place of one that the server ended: it starts again after a crash of one of its processes."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection = psycopg.connect(admin, autocommit=True)
            break
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise ServerUnavailable(f"PostgreSQL went away, and what was in it: {str(error).strip()}") from error
            time.sleep(0.05)
    continue_run(connection, run)
    connection.execute(_SELF_GRANT)
    return connection


def _server(folder: Path, address: Address, admin: str, connection: psycopg.Connection, *, own: bool) -> PostgresServer:
    text = connection.info.parameter_status("server_version") or ""
    return PostgresServer(
        socket_folder=folder,
        version=connection.info.server_version,
        version_text=text.split(" ")[0],
        address=address,
        own=own,
        _admin=admin,
        _connection=connection,
        _run_number=begin_run(connection),
    )
