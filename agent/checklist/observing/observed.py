"""The service under observation: every request with an id of its own, and what it made the service do."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from agent.checklist.probe.asking import plain_values
from agent.checklist.running import Reply, Running
from tools.postgres.wire import Recorder, Statement

ID_HEADERS = ("x-request-id", "x-correlation-id", "request-id")
"""Headers in which a request's id may travel; it is sent in each."""

NO_GET = "no GET worked that could be repeated: the receipts of API-STATUS say why"
"""Why nothing is known of what is only seen in requests that can be asked again."""

_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "START", "SET", "RESET", "DEALLOCATE", "SHOW")
_SETTINGS = ("current_setting(", "set_config(")
_CATALOGS = ("pg_catalog", "pg_type", "pg_class", "information_schema", "current_schema", "pg_advisory_unlock_all")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, its answer, and the statements that were sent meanwhile."""

    method: str
    path: str
    id: str
    """The id that was sent with it; empty when none was."""
    sent: frozenset[str] = field(repr=False)
    """The values of its headers, credentials among them."""
    reply: Reply
    statements: tuple[Statement, ...]

    @property
    def told(self) -> str:
        """`GET /books → 200`."""
        return f"{self.method} {self.path} → {self.reply.status}"

    @property
    def returned(self) -> str:
        """The id that came back; empty when none did."""
        return next((str(self.reply.headers[name]) for name in ID_HEADERS if name in self.reply.headers), "")

    @property
    def queries(self) -> tuple[Statement, ...]:
        """The statements without transaction control and without what drivers ask of the system's catalogs."""
        return tuple(one for one in self.statements if is_query(one.text))


@dataclass(frozen=True, slots=True)
class Observed(Running):
    """A running service of which everything is recorded. Requests are told apart when they come one at a time."""

    recorder: Recorder
    chance: random.Random
    asked: list[Asked] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)
    """Headers that are added to each request."""

    @classmethod
    def of(cls, service: Running, recorder: Recorder, chance: random.Random) -> Observed:
        """The same service, observed."""
        known = {one.name: getattr(service, one.name) for one in fields(service)}
        return cls(**known, recorder=recorder, chance=chance)

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> Reply:
        """Send one request with a new id; see `Running.ask`."""
        identifier = f"{self.chance.getrandbits(96):024x}"
        marked = {**dict.fromkeys(ID_HEADERS, identifier), **self.extra, **(headers or {})}
        return await self._noted(method, path, marked, content, identifier)

    async def ask_unmarked(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Asked:
        """Send one request without an id."""
        await self._noted(method, path, headers or {}, None, "")
        return self.asked[-1]

    async def _noted(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None, identifier: str
    ) -> Reply:
        before = len(self.recorder.statements)
        reply = await Running.ask(self, method, path, headers=headers, content=content)
        statements = tuple(self.recorder.statements[before:])
        self.asked.append(Asked(method, path, identifier, frozenset(headers.values()), reply, statements))
        return reply


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log."""

    text: str
    fields: Mapping[str, Any] | None
    """None: it is no JSON object."""

    @property
    def values(self) -> frozenset[str]:
        """Every plain value in it, as text."""
        return frozenset(plain_values(self.fields)) if self.fields is not None else frozenset()


def lines_of(log: str) -> list[Line]:
    """The lines of a log that are not empty."""
    return [Line(text, _object(text)) for text in log.splitlines() if text.strip()]


def is_query(text: str) -> bool:
    """False for transaction control, and for what drivers ask of settings and of the system's catalogs on their own."""
    words = text.upper().replace("(", " ").split()
    if not words or words[0].rstrip(";") in _CONTROL or any(name in text for name in _CATALOGS):
        return False
    return words[0] != "SELECT" or "FROM" in words or not any(name in text for name in _SETTINGS)


def hidden(text: str, secrets: Sequence[str]) -> str:
    """The text without these secrets."""
    for secret in secrets:
        text = text.replace(secret, "$SECRET")
    return text


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
