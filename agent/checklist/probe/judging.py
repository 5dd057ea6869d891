"""Answers judged by what the contract declares for the operation."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from agent.checklist.probe.requests import Request
from agent.checklist.running import Reply
from agent.contract.model import Answer, Operation

_BODY_SHOWN = 400


@dataclass(slots=True)
class Notes:
    """What was noticed about one operation, while it was asked."""

    operation: Operation
    status: list[str] = field(default_factory=list)
    """Breaches of API-STATUS."""
    effect: list[str] = field(default_factory=list)
    """Breaches of API-METHODS."""
    stamps: list[tuple[str, str, str]] = field(default_factory=list)
    """Breaches of DBS-STAMPS: the table, the problem, and the request after which it was seen."""
    asked: list[str] = field(default_factory=list)
    """Every request with its status, in order."""
    reproduce: str = ""
    """The request after which the first problem was seen."""
    reached: bool = False
    """The main path answered with a declared success."""

    def note_status(self, problem: str, request: Request | None = None) -> None:
        """Remember a breach of API-STATUS."""
        self.status.append(problem)
        self._remember(request)

    def note_effect(self, problem: str, request: Request | None = None) -> None:
        """Remember a breach of API-METHODS."""
        self.effect.append(problem)
        self._remember(request)

    def _remember(self, request: Request | None) -> None:
        if not self.reproduce and request is not None:
            self.reproduce = request.curl()


def successes(operation: Operation) -> tuple[str, ...]:
    """The statuses that count as success: the declared 2xx, else the declared 3xx, else any 2xx under `default`."""
    names = [answer.status.upper() for answer in operation.answers]
    for digit in "23":
        declared = tuple(name for name in names if name.startswith(digit))
        if declared:
            return declared
    return ("2XX",) if "DEFAULT" in names else ()


def matches(status: int, names: Collection[str]) -> bool:
    """True when a status is among the names, as itself or as its class."""
    return str(status) in names or f"{status // 100}XX" in names


def declared_answer(operation: Operation, status: int) -> Answer | None:
    """What the contract declares for a status: as itself, else as its class, else as `default`."""
    for name in (str(status), f"{status // 100}XX", "DEFAULT"):
        for answer in operation.answers:
            if answer.status.upper() == name:
                return answer
    return None


def media_problem(answer: Answer, reply: Reply) -> str:
    """Why the answer's content type is not one that is declared; empty when it is."""
    if not answer.content or not reply.body:
        return ""
    if any(_same_media(name, reply.media_type) for name in answer.content):
        return ""
    return f"content type: expected {' or '.join(sorted(answer.content))}, got {reply.media_type or 'none'}"


def body_problem(answer: Answer, reply: Reply) -> str:
    """Why a body is there that should not be, or missing; empty when it is as declared."""
    if reply.status in (204, 304) and reply.body:
        return f"a {reply.status} has no body, got {excerpt(reply)}"
    if answer.json is not None and not reply.body and reply.status not in (204, 304):
        return "expected a JSON body, got none"
    return ""


def read_json(reply: Reply) -> Any:
    """The body as JSON. Raises ValueError when it is none."""
    return json.loads(reply.body)


def is_json(media_type: str) -> bool:
    """True for `application/json` and `application/problem+json`."""
    return media_type.endswith(("/json", "+json"))


def excerpt(reply: Reply) -> str:
    """The beginning of the body, on one line."""
    text = " ".join(reply.text.split())
    return text if len(text) <= _BODY_SHOWN else text[:_BODY_SHOWN] + "…"


def _same_media(declared: str, got: str) -> bool:
    declared = declared.split(";", 1)[0].strip().lower()
    if declared == "*/*" or declared == got:
        return True
    kind, _, rest = declared.partition("/")
    return rest == "*" and got.startswith(f"{kind}/")
