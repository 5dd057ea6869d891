"""The bodies of errors: as the contract shapes them, else `{error: {message, code}}`; whoever provoked them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.exchange import prepared
from agent.checklist.probe.judging import declared_answer, excerpt, is_json, read_json
from agent.checklist.probe.requests import Request, body_schema
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.world import World
from agent.checklist.record import Reply, Seen
from agent.checklist.routes import parameters
from agent.contract.model import Contract, Operation, Schema

_NOWHERE = "/no-such-path"
_BODILESS = ("HEAD", "OPTIONS")
"""Methods whose answers have no body, or one for browsers alone."""
_ROUTING = (404, 405)
"""What is answered where no operation is asked; other answers there are no business of the contract."""
_NO_HTTP = b"Invalid HTTP request received."
"""What the server itself says to what is no HTTP; no application is asked then."""
_LARGEST = 64 << 10
"""Bytes, from which on a body was not kept whole."""


async def provoke_errors(world: World) -> None:
    """Ask for errors of every kind, those before any route included; their answers are judged with all others."""
    for bound in world.binding.operations:
        try:
            good = (await prepared(world, bound)).request
        except (NoCredentials, NoRow):
            continue
        for request in _provoking(good):
            await world.asker.send(request)


def body_problems(contract: Contract, seen: Sequence[Seen]) -> Iterator[tuple[str, Seen]]:
    """Errors whose body is none as it should be, one for each operation and status, with the first such answer."""
    common, operations = common_error(contract), _matchers(contract)
    known, told = set[tuple[object, ...]](), set[tuple[str, int]]()
    for one in seen:
        reply = one.reply
        if reply.status < 400 or one.method in _BODILESS or reply.body == _NO_HTTP or len(reply.body) >= _LARGEST:
            continue
        operation = _asked(one, operations)
        key = operation.key if operation else ""
        look = (key, reply.status, reply.media_type, _look(reply))
        if look in known or (key, reply.status) in told or (operation is None and reply.status not in _ROUTING):
            continue
        known.add(look)
        if problem := shape_problem(contract, operation, common, reply):
            told.add((key, reply.status))
            yield f"{one.told}: {problem}", one


def errors_in(seen: Sequence[Seen]) -> int:
    """How many of them are errors."""
    return sum(one.reply.status >= 400 for one in seen)


def _matchers(contract: Contract) -> list[tuple[re.Pattern[str], Operation]]:
    plain = sorted(contract.operations, key=lambda one: len(parameters(one.path)))
    return [(_pattern(contract.base_path + one.path), one) for one in plain]


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^{}]*\}", template.rstrip("/"))
    return re.compile("[^/]+".join(map(re.escape, parts)) + "/?")


def _asked(one: Seen, operations: Sequence[tuple[re.Pattern[str], Operation]]) -> Operation | None:
    """The operation that was asked; one of the same path, where the method is none of the contract's."""
    path = one.target.partition("?")[0]
    fitting = [operation for pattern, operation in operations if pattern.fullmatch(path)]
    return next((each for each in fitting if each.method == one.method.lower()), fitting[0] if fitting else None)


def _look(reply: Reply) -> str:
    """What bodies have alike that differ in their words alone."""
    try:
        return repr(_skeleton(json.loads(reply.body)))
    except (ValueError, RecursionError):
        return "none"


def _skeleton(value: Any) -> Any:
    match value:
        case dict():
            return {name: _skeleton(inner) for name, inner in value.items()}
        case list():
            return [_skeleton(inner) for inner in value]
        case str():
            return bool(value.strip())
        case _:
            return type(value).__name__


def common_error(contract: Contract) -> Schema | None:
    """The schema that most declared errors have; None where the contract shapes none."""
    schemas = [
        schema
        for operation in contract.operations
        for answer in operation.answers
        if answer.status.upper() == "DEFAULT" or answer.status[:1] in "45"
        if (schema := answer.json)
    ]
    told = Counter(json.dumps(schema, sort_keys=True, default=str) for schema in schemas)
    most: Schema | None = json.loads(told.most_common(1)[0][0]) if told else None
    return most


def shape_problem(contract: Contract, operation: Operation | None, common: Schema | None, reply: Reply) -> str:
    """Why a body is no error as the contract shapes it, or as it is shaped where the contract leaves it open."""
    from agent.contract.sample import validate

    answer = declared_answer(operation, reply.status) if operation else None
    if answer is not None and answer.content and answer.json is None:
        return ""  # the contract wants something else than JSON
    wanted = answer.json if answer is not None and answer.json else common
    if not is_json(reply.media_type):
        return f"expected JSON, got {reply.media_type or 'no body'}: {excerpt(reply)}"
    try:
        body = read_json(reply)
    except (ValueError, RecursionError):
        return f"expected JSON, got {excerpt(reply)}"
    if wanted:
        faults = validate(contract, wanted, body, direction="response")
        return f"not as the contract shapes errors: {faults[0]}; got {excerpt(reply)}" if faults else ""
    error = body.get("error") if isinstance(body, Mapping) else None
    told = [error.get(name) for name in ("message", "code")] if isinstance(error, Mapping) else []
    if len(told) == 2 and all(isinstance(one, str) and one.strip() for one in told):
        return ""
    return f"expected an error with a message and a code, got {excerpt(reply)}"


def _provoking(good: Request) -> Iterator[Request]:
    operation = good.operation
    if operation.protected:
        yield good.without_credentials()
        yield replace(good, credentials=dict.fromkeys(good.credentials, "Bearer x.y.z"))
    yield replace(good, operation=replace(operation, path=_NOWHERE), path_values={})
    yield replace(good, operation=replace(operation, method="trace"))
    if good.path_values:
        last = parameters(operation.path)[-1]
        for value in ("00000000-0000-4000-8000-000000000000", "no such thing"):
            yield replace(good, path_values={**good.path_values, last: value})
    found = body_schema(operation)
    if found is not None and "json" in found[0]:
        yield replace(good, body=[[]])
        yield replace(good, body="nothing", media_type="text/plain")
    for one in operation.parameters:
        if one.location == "query":
            yield replace(good, query={**good.query, one.name: "\u00a7" * 40})
