"""Requests that keep the contract at its corners: what code forgets most, asked of every operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from agent.checklist.probe.asking import Asker
from agent.checklist.probe.judging import body_problem, declared_answer, excerpt, is_json, media_problem, read_json
from agent.checklist.probe.requests import Request, body_schema
from agent.checklist.running import Reply
from agent.contract.model import Contract, Schema
from agent.contract.sample import Unsatisfiable, sample, validate
from agent.contract.validating import INTEGER_BOUNDS

_TEXTS = ("\0", "0", "", " ", "\ufeff", "🙂" * 8, "e\u0301", "\u202e", "\\", "null", "a" * 5_000)
"""U+0000, which PostgreSQL cannot store, among them."""
_NUMBERS = (0, -1, 1, 2**31 - 1, 2**31, -(2**31) - 1, 2**63 - 1, 2**63, 10**20, 1e-7, 1e300)


@dataclass(slots=True)
class Corners:
    """What was seen at the corners of one operation."""

    asked: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    """Title → detail."""
    reproduce: str = ""


async def turn_corners(asker: Asker, good: Request) -> Corners:
    """Send every such request, and hold its answer against the contract."""
    found = Corners()
    for request in corners(asker.contract, good):
        request = asker.refreshed(request)
        reply = await asker.send(request)
        found.asked += 1
        for title, detail in problems(asker, request, reply):
            if title not in found.problems:
                found.problems[title] = f"{detail} ({request.curl()})"
                found.reproduce = found.reproduce or request.curl()
    return found


def corners(contract: Contract, good: Request) -> Iterator[Request]:
    """The requests; each differs from the good one in one place, and keeps the contract."""
    found = body_schema(good.operation)
    if found is not None and "json" in found[0]:
        for body in _bodies(contract, found[1], good.body):
            if not validate(contract, found[1], body, direction="request"):
                yield replace(good, body=body)
    for one in good.operation.parameters:
        for value in _values(contract, one.schema) if one.location == "query" else ():
            if value != "":
                yield replace(good, query={**good.query, one.name: value})


def problems(asker: Asker, request: Request, reply: Reply) -> Iterator[tuple[str, str]]:
    """How an answer breaks the contract: a failure inside, a success that is not declared, another shape."""
    if reply.status == 0 or reply.status >= 500:
        yield f"answers {reply.status or 'nothing'}", excerpt(reply)
        return
    answer = declared_answer(request.operation, reply.status)
    if answer is None:
        if reply.status < 400:
            yield "a status that is not declared", f"{reply.status} {excerpt(reply)}"
        return
    for problem in (media_problem(answer, reply), body_problem(answer, reply)):
        if problem:
            yield "an answer that is not as declared", f"{reply.status}: {problem}"
    if answer.json is not None and reply.body and is_json(reply.media_type):
        try:
            faults = asker.schema_problems(answer.json, read_json(reply))
        except (ValueError, RecursionError):
            faults = [f"no JSON: {excerpt(reply)}"]
        if faults:
            yield "an answer that is not as declared", f"{reply.status}: {faults[0]}"


def _bodies(contract: Contract, schema: Schema, body: Any) -> Iterator[Any]:
    yield {}
    with suppress(Unsatisfiable):
        yield sample(contract, schema, only_required=True, direction="request")
    yield from _altered(contract, schema, body, 0)


def _altered(contract: Contract, schema: Schema, value: Any, depth: int) -> Iterator[Any]:
    """The value with one thing in it exchanged."""
    resolved = contract.resolve(schema)
    if isinstance(value, Mapping) and depth < 4:
        for part in (resolved, *map(contract.resolve, resolved.get("allOf", ()))):
            for name, inner in part.get("properties", {}).items():
                if isinstance(inner, Mapping) and name in value:
                    yield from ({**value, name: one} for one in _altered(contract, inner, value[name], depth + 1))
    elif isinstance(value, list) and value and isinstance(resolved.get("items"), Mapping):
        yield []
        yield from ([one, *value[1:]] for one in _altered(contract, resolved["items"], value[0], depth + 1))
    else:
        yield from _values(contract, schema)


def _values(contract: Contract, schema: Schema) -> Iterator[Any]:
    resolved = contract.resolve(schema)
    low, high = INTEGER_BOUNDS.get(str(resolved.get("format")), (None, None))
    bounds = [resolved[name] for name in ("minimum", "maximum") if name in resolved] + [low, high]
    lengths = [resolved[name] for name in ("minLength", "maxLength") if name in resolved]
    texts = [*_TEXTS, *("x" * length for length in lengths if length <= 100_000)]
    for value in (None, *texts, *(one for one in bounds if one is not None), *_NUMBERS):
        if not validate(contract, schema, value, direction="request"):
            yield value
