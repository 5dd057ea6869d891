"""The bodies of errors: as the contract shapes them, else `{error: {message, code}}`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.exchange import prepared
from agent.checklist.probe.judging import declared_answer, excerpt, is_json, read_json
from agent.checklist.probe.requests import Request, body_schema
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.world import World
from agent.checklist.routes import parameters
from agent.checklist.running import Reply
from agent.contract.model import Contract, Operation, Schema

_NOWHERE = "/no-such-path"


@dataclass(slots=True)
class Shapes:
    """The errors that were provoked, and what is wrong with their bodies."""

    asked: int = 0
    problems: list[str] = field(default_factory=list)
    reproduce: str = ""


async def judge_errors(world: World) -> Shapes:
    """Provoke errors of every kind, those before any route included, and read their bodies."""
    found = Shapes()
    common = common_error(world.asker.contract)
    seen = set[tuple[int, str]]()
    for bound in world.binding.operations:
        try:
            good = (await prepared(world, bound)).request
        except (NoCredentials, NoRow):
            continue
        for how, request in _provoking(good):
            reply = await world.asker.send(request)
            found.asked += 1
            if reply.status < 400:
                continue
            problem = shape_problem(world.asker.contract, bound.operation, common, reply)
            if problem and (reply.status, problem) not in seen:
                seen.add((reply.status, problem))
                found.problems.append(f"{bound.operation.key} {how}: {reply.status}: {problem}")
                found.reproduce = found.reproduce or request.curl()
    return found


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


def shape_problem(contract: Contract, operation: Operation, common: Schema | None, reply: Reply) -> str:
    """Why a body is no error as the contract shapes it, or as it is shaped where the contract leaves it open."""
    from agent.contract.sample import validate

    answer = declared_answer(operation, reply.status)
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


def _provoking(good: Request) -> Iterator[tuple[str, Request]]:
    operation = good.operation
    if operation.protected:
        yield "without credentials", good.without_credentials()
        yield "with a strange token", replace(good, credentials=dict.fromkeys(good.credentials, "Bearer x.y.z"))
    yield "at a path that does not exist", replace(good, operation=replace(operation, path=_NOWHERE), path_values={})
    yield "with another method", replace(good, operation=replace(operation, method="trace"))
    if good.path_values:
        last = parameters(operation.path)[-1]
        for value in ("00000000-0000-4000-8000-000000000000", "no such thing"):
            yield f"with {value} in the path", replace(good, path_values={**good.path_values, last: value})
    found = body_schema(operation)
    if found is not None and "json" in found[0]:
        yield "with a body of the wrong type", replace(good, body=[[]])
        yield "with a body of another kind", replace(good, body="nothing", media_type="text/plain")
    for one in operation.parameters:
        if one.location == "query":
            yield f"with a strange {one.name}", replace(good, query={**good.query, one.name: "\u00a7" * 40})
