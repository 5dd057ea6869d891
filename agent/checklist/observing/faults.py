"""A database broken on purpose, from behind: tables that are gone, and writes that the server refuses half-way.

Everything is done by the database's own role and undone afterwards. The service cannot foresee any of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from agent.catalog.model import Catalog


@dataclass(frozen=True, slots=True)
class Faults:
    """Breaks the tables of one catalog."""

    connection: psycopg.Connection
    """As the owner, each statement its own transaction."""
    catalog: Catalog
    mark: str
    """Random, and part of every name and message made here."""

    @contextmanager
    def tables_gone(self) -> Iterator[None]:
        """Every table has another name."""
        names = [table.name.split(".", 1) for table in self.catalog.tables]
        moved: list[list[str]] = []
        try:
            for name in names:
                self._run("ALTER TABLE {} RENAME TO {}", Identifier(*name), Identifier(self._elsewhere(name)))
                moved.append(name)
            yield
        finally:
            for name in moved:
                there = Identifier(*name[:-1], self._elsewhere(name))
                self._run("ALTER TABLE {} RENAME TO {}", there, Identifier(name[-1]))

    @contextmanager
    def write_refused(self, number: int) -> Iterator[None]:
        """The server refuses the statement that is the `number`-th to write rows from now on, and none after it."""
        schema = Identifier(f"probe_{self.mark}")
        self._run("CREATE SCHEMA {}", schema)
        try:
            self._run("CREATE SEQUENCE {}.writes", schema)
            self._run(_FUNCTION, schema, Literal(f"probe_{self.mark}.writes"), Literal(number), Literal(self.message))
            for table in self.catalog.tables:
                name = Identifier(*table.name.split(".", 1))
                self._run(_TRIGGER, Identifier(f"probe_{self.mark}"), name, schema)
            yield
        finally:
            self._run("DROP SCHEMA {} CASCADE", schema)

    def writes(self) -> int:
        """How many statements have written since `write_refused` began."""
        query = SQL("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {}.writes")
        row = self.connection.execute(query.format(Identifier(f"probe_{self.mark}"))).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def writes_held(self, table: str) -> Iterator[None]:
        """Whoever writes to this table waits until the context ends; who reads it does not.

        Raises psycopg.Error when an open transaction of somebody else's has written to it.
        """
        with self.connection.transaction():
            self._run("SET LOCAL lock_timeout = {}", Literal(_LOCK_PATIENCE))
            self._run("LOCK TABLE {} IN SHARE MODE", Identifier(*table.split(".", 1)))
            yield

    def waiting(self) -> int:
        """How many sessions wait for a lock on something in this database."""
        row = self.connection.execute(_WAITING).fetchone()
        return int(row[0]) if row else 0

    @property
    def message(self) -> str:
        """What the server says when it refuses a write."""
        return f"disk sector {self.mark} is unreadable"

    def _elsewhere(self, name: list[str]) -> str:
        return f"{name[-1][:40]}_{self.mark}"

    def _run(self, statement: LiteralString, *parts: Identifier | Literal) -> None:
        self.connection.execute(SQL(statement).format(*parts))


_LOCK_PATIENCE = "3s"
_WAITING = """
SELECT count(DISTINCT pid) FROM pg_locks
WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_FUNCTION = """
CREATE FUNCTION {}.refuse() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF nextval({}) = {} THEN
        RAISE EXCEPTION USING MESSAGE = {}, ERRCODE = 'io_error';
    END IF;
    RETURN NULL;
END
$body$
"""
_TRIGGER = "CREATE TRIGGER {} BEFORE INSERT OR UPDATE OR DELETE ON {} FOR EACH STATEMENT EXECUTE FUNCTION {}.refuse()"
