"""A running service with its database, as the hidden tests see it: they ask it, and look at the rows."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString
from urllib.parse import urlencode
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier, Literal, Placeholder

from agent.checklist.running import Running

NOBODY = UUID("00000000-0000-4000-8000-00000000dead")
"""An id that nothing has."""
_ARRIVED = 1.0
"""Seconds that callers have to come to where they wait, or to have passed it."""


class Unexpected(Exception):
    """A service behaves otherwise than its contract says; the message tells what was done and what came of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    request: str
    status: int
    body: Any

    def expect(self, status: int) -> Any:
        """The body of an answer with this status. Raises Unexpected where it has another one."""
        if self.status != status:
            raise Unexpected(f"{self.request}: expected {status}, got {self.status} {json.dumps(self.body)[:300]}")
        return self.body


Call = tuple[str, str, Mapping[str, Any] | None]
"""Method, path with query, body."""


@dataclass(frozen=True, slots=True)
class World:
    """One service and its database."""

    service: Running
    connection: psycopg.Connection
    """Each statement a transaction of its own."""
    holding: Callable[[], psycopg.Connection]
    """One more connection, with transactions."""

    async def get(self, path: str, **query: object) -> Answer:
        """Ask for something."""
        return await self.ask("GET", f"{path}?{urlencode({key: str(value) for key, value in query.items()})}", None)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Send something."""
        return await self.ask("POST", path, body)

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        """Any request. Raises `httpx.HTTPError` where no answer comes."""
        content = None if body is None else json.dumps(body, default=str).encode()
        headers = {} if content is None else {"Content-Type": "application/json"}
        reply = await self.service.ask(method, path, headers=headers, content=content)
        try:
            answered = json.loads(reply.body) if reply.body else None
        except ValueError:
            answered = reply.body.decode(errors="replace")
        return Answer(f"{method} {path} {(content or b'').decode()}".strip(), reply.status, answered)

    def insert(self, table: str, **values: object) -> Mapping[str, Any]:
        """Store a row; gives it with all its columns."""
        statement = SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING *").format(
            Identifier(table),
            SQL(", ").join(map(Identifier, values)),
            SQL(", ").join(map(Placeholder, values)),
        )
        with self.connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(statement, values).fetchone()
        assert row is not None, "INSERT returns its row"
        return row

    def rows(self, statement: LiteralString, *values: object) -> Sequence[Mapping[str, Any]]:
        """What the database holds."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, values).fetchall()

    def row(self, table: str, id: object) -> Mapping[str, Any]:
        """One row as it is now. Raises Unexpected when it is gone."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            statement = SQL("SELECT * FROM {} WHERE id = {}").format(Identifier(table), Literal(id))
            found = cursor.execute(statement).fetchone()
        if found is None:
            raise Unexpected(f"the row {id} of {table} is gone")
        return found

    async def together(
        self, calls: Sequence[Call], *, lock: LiteralString, values: Sequence[object] = ()
    ) -> list[Answer]:
        """Ask all of this at once, while `lock` is held until everybody waits for it or has passed it.

        Whoever looks first and writes later has looked by then, so that a race is no matter of luck.
        """
        with self._held(lock, values):
            asked = [asyncio.create_task(self.ask(*call)) for call in calls]
            await self._arrived(len(asked))
        return list(await asyncio.gather(*asked))

    @contextmanager
    def _held(self, lock: LiteralString, values: Sequence[object]) -> Iterator[None]:
        with self.holding() as connection:
            connection.execute(lock, values)
            yield

    async def _arrived(self, callers: int) -> None:
        ends = time.monotonic() + _ARRIVED
        while time.monotonic() < ends:
            waiting = self.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if len(waiting) >= callers:
                return
            await asyncio.sleep(0.02)


Behaviour = Callable[[World], Awaitable[None]]
"""Raises Unexpected where the service behaves otherwise. Its docstring says what is expected."""


@dataclass(frozen=True, slots=True)
class Behaviours:
    """What one service's filled holes are expected to do."""

    of: dict[str, list[Behaviour]] = field(default_factory=dict)
    """Id of the operation → its tests."""

    def __call__(self, operation: str) -> Callable[[Behaviour], Behaviour]:
        """Marks a test of this operation."""

        def mark(test: Behaviour) -> Behaviour:
            self.of.setdefault(operation, []).append(test)
            return test

        return mark


def expect(found: object, wanted: object, about: str) -> None:
    """Raises Unexpected where the two differ; UUIDs and dates count as they are written in JSON."""
    shown, right = (json.loads(json.dumps(one, default=str)) for one in (found, wanted))
    if shown != right:
        raise Unexpected(f"{about}: expected {json.dumps(right)}, got {json.dumps(shown)}")
