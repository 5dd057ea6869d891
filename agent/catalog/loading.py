"""A catalog from SQL files, from a database, or from a live server: PostgreSQL runs the DDL and says what it is.

The DDL runs as the ordinary owner of a fresh database, so that it reaches neither files nor programs of the server.
Data is not loaded: COPY, INSERT and their like are left out, as are owners, grants, roles and transactions.
What is handed on has been tried: the statements, run once more in one transaction as a migration does, gave the same
schema, and the drops left an empty database.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
from psycopg import errors

from agent.catalog.dialects.detecting import dialect_of
from agent.catalog.drops import drops_of
from agent.catalog.fingerprint import fingerprint_of
from agent.catalog.hints import hint_for
from agent.catalog.model import Catalog, Statement
from agent.catalog.reading import read_enums, read_tables
from agent.catalog.script import Piece, Purpose, script_text, split_script
from agent.errors import CatalogError, Problem
from tools.postgres.server import Database, PostgresServer

_STATEMENT_MILLISECONDS = 60_000
_FILES_SECONDS = 300.0
"""Time that all files together may take."""

_DEFAULT_PATH = "public"

_SESSION = (
    f"SET statement_timeout = {_STATEMENT_MILLISECONDS}",
    "SET client_min_messages = notice",
    f"SET search_path = {_DEFAULT_PATH}",
)


def load_catalog(server: PostgresServer, files: Sequence[Path], *, strict: bool = False) -> Catalog:
    """The catalog that the DDL of these files, run in this order, defines.

    MySQL's and SQLite's dialects are translated, with notes, unless `strict`. Raises `CatalogError` with file, line and
    the server's message for what cannot be used.
    """
    if not files:
        raise CatalogError("no SQL file was given")
    pieces: list[Piece] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for file in files:
        try:
            found, said = _read(script_text(file), str(file), strict=strict)
        except CatalogError as error:
            problems += error.problems
        else:
            pieces += found
            notes += said
    if problems:
        raise CatalogError(problems)
    catalog = _catalog(server, pieces)
    return replace(catalog, notes=(*notes, *catalog.notes))


def _read(text: str, name: str, *, strict: bool) -> tuple[tuple[Piece, ...], tuple[str, ...]]:
    dialect = None if strict else dialect_of(text)
    if dialect is None:
        return split_script(text, name), ()
    from agent.catalog.dialects.translating import translate  # the library behind it takes a while to load

    return translate(text, name, dialect)


def load_catalog_from_text(server: PostgresServer, text: str, name: str) -> Catalog:
    """The same for DDL that is no file; `name` stands for one in messages."""
    return _catalog(server, split_script(text, name))


def catalog_of(server: PostgresServer, database: Database) -> Catalog:
    """What is in a database now; `statements` is empty, because a server does not keep them."""
    with server.connect(database) as connection:
        return read_catalog(connection)


def read_catalog(connection: psycopg.Connection) -> Catalog:
    """What a connection's database holds. Nothing is written but the session's search path."""
    return Catalog(
        tables=read_tables(connection),
        enums=read_enums(connection),
        statements=(),
        fingerprint=fingerprint_of(connection),
        drops=drops_of(connection),
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """A piece of the schema, and how the server read it."""

    piece: Piece
    search_path: str
    check_function_bodies: str


@dataclass(slots=True)
class _Loader:
    """Runs pieces, and knows which of them the schema is made of."""

    connection: psycopg.Connection
    left_out: list[Problem] = field(default_factory=list)
    kept: list[_Kept] = field(default_factory=list)
    _file: str = ""
    _settings: tuple[str, str] = (_DEFAULT_PATH, "on")

    def load(self, pieces: Sequence[Piece]) -> None:
        """Run them all; raises `CatalogError` at the first that fails."""
        for piece in pieces:
            if piece.file != self._file:
                self._begin(piece.file)
            if piece.purpose is not Purpose.SKIP:
                self._run(piece)

    def _begin(self, file: str) -> None:
        # Each file starts anew, as with one psql a file.
        self._file = file
        self._settings = (_DEFAULT_PATH, "on")
        _begin_session(self.connection)

    def _run(self, piece: Piece) -> None:
        try:
            with _notices(self.connection) as notices:
                self.connection.execute(piece.sql.encode())
        except psycopg.Error as error:
            problem = _problem(piece, error, _available(self.connection))
            can_do_without = piece.purpose is Purpose.EXTENSION and _cannot_be_made(error)
            if piece.purpose is not Purpose.OPTIONAL and not can_do_without:
                # It may be for want of an extension that was left out before.
                raise CatalogError([problem, *self.left_out]) from error
            self.left_out.append(problem)
            return
        dropped_nothing = piece.purpose is Purpose.CLEAR and bool(notices)
        if piece.purpose is Purpose.SETTING:
            self._settings = self._read_settings()
        elif piece.purpose is not Purpose.QUERY and not dropped_nothing:
            self.kept.append(_Kept(piece, *self._settings))

    def _read_settings(self) -> tuple[str, str]:
        query = "SELECT current_setting('search_path'), current_setting('check_function_bodies')"
        path, bodies = self.connection.execute(query).fetchall()[0]
        return str(path), str(bodies)


def _catalog(server: PostgresServer, pieces: Sequence[Piece]) -> Catalog:
    with server.database() as database, server.connect_as_owner(database) as connection:
        connection.autocommit = True
        loader = _Loader(connection)
        with _time_limit(connection):
            loader.load(pieces)
        connection.execute("RESET ALL")
        found = read_catalog(connection)
    if not found.tables:
        raise CatalogError([Problem(pieces[0].file, "defines no table")])
    statements = _statements(loader.kept, functions=any(line.startswith("function ") for line in _lines(found)))
    _try_out(server, statements, found)
    notes = tuple(
        f"{problem.place}: left out, because nothing needs it: {problem.message}" for problem in loader.left_out
    )
    return replace(found, statements=statements, notes=notes)


def _statements(kept: Sequence[_Kept], *, functions: bool) -> tuple[Statement, ...]:
    """The pieces, with the settings between them without which they would be read otherwise, taken back at the end."""
    statements: list[Statement] = []
    path, bodies = _DEFAULT_PATH, "on"
    for one in kept:
        piece = one.piece
        # Dumps set an empty path and write every name in full: such statements read the same with the default.
        wanted_path = one.search_path if one.search_path not in ("", '""') else _DEFAULT_PATH
        if wanted_path != path:
            path = wanted_path
            statements.append(Statement(f"SET search_path = {path}", piece.file, piece.line))
        if functions and one.check_function_bodies != bodies:
            bodies = one.check_function_bodies
            statements.append(Statement(f"SET check_function_bodies = {bodies}", piece.file, piece.line))
        statements.append(Statement(piece.sql, piece.file, piece.line))
    last = statements[-1]
    for name, changed in (("check_function_bodies", bodies != "on"), ("search_path", path != _DEFAULT_PATH)):
        if changed:
            statements.append(Statement(f"RESET {name}", last.file, last.line + last.sql.count("\n")))
    return tuple(statements)


def make(server: PostgresServer, database: Database, catalog: Catalog) -> None:
    """Run the supplied statements in an empty database, as its own role."""
    with server.connect_as_owner(database) as connection:
        _begin_session(connection)
        for statement in catalog.statements:
            connection.execute(statement.sql.encode())


def _try_out(server: PostgresServer, statements: Sequence[Statement], expected: Catalog) -> None:
    """Run the statements as a migration would, up and down."""
    with ExitStack() as stack:
        database = stack.enter_context(server.database())
        connection = stack.enter_context(server.connect_as_owner(database))
        stack.enter_context(_time_limit(connection))
        _begin_session(connection)
        for statement in statements:
            try:
                connection.execute(statement.sql.encode())
            except psycopg.Error as error:
                raise CatalogError([_problem(statement, error, ())]) from error
        _compare(fingerprint_of(connection), expected.fingerprint, "run as one migration, the schema differs")
        for drop in expected.drops:
            try:
                connection.execute(drop.encode())
            except psycopg.Error as error:
                raise CatalogError(f"the schema cannot be removed again by `{drop}`: {str(error).strip()}") from error
        _compare(fingerprint_of(connection), "", "removed again, the schema leaves something")


def _begin_session(connection: psycopg.Connection) -> None:
    connection.execute("RESET ALL")
    for setting in _SESSION:
        connection.execute(setting)


def _compare(found: str, expected: str, what: str) -> None:
    different = sorted(set(found.splitlines()) ^ set(expected.splitlines()))
    if found != expected:
        raise CatalogError(f"{what}: {'; '.join(different[:5])}")


def _lines(catalog: Catalog) -> list[str]:
    return catalog.fingerprint.splitlines()


def _problem(statement: Piece | Statement, error: psycopg.Error, available: tuple[str, ...]) -> Problem:
    piece = Piece(statement.sql, statement.file, statement.line, Purpose.DEFINE)
    position = error.diag.statement_position
    place = piece.place_of(int(position) - 1) if position else piece.place
    message = error.diag.message_primary or str(error).strip()
    if error.diag.message_detail:
        message += f" ({error.diag.message_detail})"
    hint = hint_for(error, statement.sql, available)
    return Problem(place, f"{message}; {hint}" if hint else message)


def _cannot_be_made(error: psycopg.Error) -> bool:
    return isinstance(error, errors.FeatureNotSupported | errors.UndefinedFile | errors.InsufficientPrivilege)


def _available(connection: psycopg.Connection) -> tuple[str, ...]:
    """Extensions that the owner of a database may create."""
    query = (
        "SELECT DISTINCT name FROM pg_available_extension_versions WHERE trusted AND name <> 'plpgsql' ORDER BY name"
    )
    return tuple(row[0] for row in connection.execute(query).fetchall())


@contextmanager
def _notices(connection: psycopg.Connection) -> Iterator[list[str]]:
    """What the server remarks meanwhile."""
    remarks: list[str] = []

    def note(diagnostic: errors.Diagnostic) -> None:
        remarks.append(diagnostic.message_primary or "")

    connection.add_notice_handler(note)
    try:
        yield remarks
    finally:
        connection.remove_notice_handler(note)


@contextmanager
def _time_limit(connection: psycopg.Connection) -> Iterator[None]:
    """Cancel what runs when the time for all files is over: a file can lift the limit of a statement."""
    timer = threading.Timer(_FILES_SECONDS, connection.cancel_safe)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
