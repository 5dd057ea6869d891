"""What one verification asked its service, and what came back: all of it, whoever asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import httpx

_BODY_KEPT = 64 << 10
"""Bytes of each body; what lies beyond is not looked at by those who read the record."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one request. Nothing in it is trusted."""

    status: int
    headers: httpx.Headers
    body: bytes
    seconds: float

    @property
    def media_type(self) -> str:
        """`application/json`, without parameters; empty when the answer names none."""
        return str(self.headers.get("content-type", "")).split(";", 1)[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text, unreadable bytes replaced."""
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Seen:
    """One request and its answer."""

    method: str
    target: str
    """Path and query as sent."""
    sent: Mapping[str, str] = field(repr=False)
    """The headers of the request, credentials included: not for receipts."""
    content: bytes | None = field(repr=False)
    reply: Reply

    @property
    def told(self) -> str:
        """`GET /books → 200`."""
        return f"{self.method} {self.target} → {self.reply.status}"


@dataclass(slots=True)
class Record:
    """Every request and its answer, in the order in which the answers came."""

    seen: list[Seen] = field(default_factory=list)

    def note(
        self, method: str, target: str, headers: Mapping[str, str] | None, content: bytes | None, reply: Reply
    ) -> None:
        """Keep an answer."""
        kept = replace(reply, body=reply.body[:_BODY_KEPT])
        self.seen.append(Seen(method, target, dict(headers or {}), content, kept))
