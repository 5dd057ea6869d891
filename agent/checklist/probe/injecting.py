"""Text that would like to be SQL, markup, a header or a line of the log, sent wherever the contract takes free text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.binding.model import Action, Bound
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.asking import answered, carried
from agent.checklist.probe.exchange import prepared
from agent.checklist.probe.judging import excerpt
from agent.checklist.probe.requests import Request, body_schema
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.values import same
from agent.checklist.probe.world import World
from agent.checklist.running import Reply
from agent.contract.model import Contract, Schema

_SLEEP = 2
"""Seconds for which injected SQL would sleep."""
_OF_A_DATABASE = (
    "syntax error at or near",
    "unterminated quoted string",
    "asyncpg",
    "psycopg",
    "sqlalchemy",
    "sqlstate",
)
_UNFREE = ("format", "enum", "const", "pattern")


@dataclass(frozen=True, slots=True)
class Bait:
    """One text that is harmless as text."""

    kind: str
    """What it would like to be."""
    text: str
    mark: str
    """A random part of it, found nowhere else."""


@dataclass(slots=True)
class Injections:
    """What became of the baits."""

    asked: int = 0
    problems: list[str] = field(default_factory=list)
    reproduce: str = ""

    def note(self, problem: str, request: Request) -> None:
        """Remember that a text did not stay text."""
        self.problems.append(problem)
        self.reproduce = self.reproduce or request.curl()


def baits(mark: str) -> tuple[Bait, ...]:
    """One text of each kind around a random mark."""
    line = json.dumps({"level": "critical", "event": mark, "message": mark})
    return (
        Bait("SQL", f"{mark}' OR '1'='1", mark),
        Bait("SQL", f"{mark}'||(SELECT pg_sleep({_SLEEP}))||'", mark),
        Bait("SQL", f'{mark}"; SELECT 1/0; --', mark),
        Bait("markup", f"<script>{mark}</script><img src=x onerror={mark}>", mark),
        Bait("a header", f"{mark}\r\nX-{mark}: yes", mark),
        Bait("a line of the log", f"{mark}\n{line}", mark),
        Bait("a template", f"{mark}{{{{7*7}}}}${{7*7}}%s%n{{0}}", mark),
    )


async def inject(world: World) -> Injections:
    """Send every bait to every operation, and look at the answers and at the log."""
    found = Injections()
    for bound in world.binding.operations:
        try:
            good = (await prepared(world, bound)).request
        except (NoCredentials, NoRow):
            continue  # what cannot be asked at all is told by the other rules
        for bait in baits(f"zq{world.asker.chance.getrandbits(40):010x}"):
            await _ask(world, bound, good, bait, found)
    return found


async def _ask(world: World, bound: Bound, good: Request, bait: Bait, found: Injections) -> None:
    for place, request in _laced(world.asker.contract, good, bait.text):
        reply = await world.asker.send(world.asker.refreshed(request))
        found.asked += 1
        what = f"{bound.operation.key} {place} with text that would be {bait.kind}"
        if reply.seconds >= _SLEEP and bait.text != _awake(bait.text) and await _sleeps(world, good, place, bait):
            found.note(f"{what}: the SQL in it slept, twice", request)
        for problem in (
            *_in_answer(bait, reply),
            *_kept(bound, request, reply),
            *_let_through(bound, place, bait, reply),
        ):
            found.note(f"{what}: {problem}", request)
        forged = _in_log(bait, world.asker.service.process.log())
        if forged:
            found.note(f"{what}: the log has a line of its making: {forged}", request)


async def _sleeps(world: World, good: Request, place: str, bait: Bait) -> bool:
    """Whether the time goes with the sleep that is asked for, and not with a busy machine."""

    async def seconds(text: str) -> float:
        request = dict(_laced(world.asker.contract, good, text))[place]
        return (await world.asker.send(world.asker.refreshed(request))).seconds

    return await seconds(_awake(bait.text)) < _SLEEP <= await seconds(bait.text)


def _awake(text: str) -> str:
    return text.replace(f"pg_sleep({_SLEEP})", "pg_sleep(0)")


def _laced(contract: Contract, good: Request, text: str) -> Iterator[tuple[str, Request]]:
    """The request with the text in all free properties of its body, and in each free parameter of its query."""
    found = body_schema(good.operation)
    if found is not None and isinstance(good.body, Mapping):
        names = [name for name, schema in _properties(contract, found[1]).items() if _is_free(contract, schema, text)]
        names = [name for name in names if isinstance(good.body.get(name), str)]
        if names:
            yield f"body {', '.join(names)}", replace(good, body={**good.body, **dict.fromkeys(names, text)})
    for one in good.operation.parameters:
        if one.location == "query" and _is_free(contract, one.schema, text):
            yield f"query {one.name}", replace(good, query={**good.query, one.name: text})


def _properties(contract: Contract, schema: Schema) -> dict[str, Schema]:
    resolved = contract.resolve(schema)
    found = {name: one for name, one in resolved.get("properties", {}).items() if isinstance(one, Mapping)}
    for part in resolved.get("allOf", ()):
        found |= _properties(contract, part)
    return found


def _is_free(contract: Contract, schema: Schema, text: str) -> bool:
    resolved = contract.resolve(schema)
    kind = resolved.get("type", "string")
    takes = kind == "string" or (isinstance(kind, list) and "string" in kind)
    return takes and not any(name in resolved for name in _UNFREE) and len(text) <= resolved.get("maxLength", len(text))


def _in_answer(bait: Bait, reply: Reply) -> Iterator[str]:
    said = reply.text.lower()
    if reply.status == 0 or reply.status >= 500:
        yield f"{reply.status or 'no answer'} {excerpt(reply)}"
    elif any(word in said.replace(bait.text.lower(), "") for word in _OF_A_DATABASE):
        yield f"the answer speaks of the database: {excerpt(reply)}"
    if f"x-{bait.mark}" in reply.headers:
        yield f"the answer has the header X-{bait.mark}"
    if bait.kind == "markup" and "html" in reply.media_type and bait.text in reply.text:
        yield "it stands unescaped in an HTML page"


def _kept(bound: Bound, request: Request, reply: Reply) -> Iterator[str]:
    """What was accepted has to come back as it was sent."""
    thing = carried(bound, reply) if 200 <= reply.status < 300 else None
    if not isinstance(thing, Mapping) or not isinstance(request.body, Mapping):
        return
    if bound.action not in (Action.CREATE, Action.REPLACE, Action.PATCH):
        return
    for one in bound.body:
        sent, got = request.body.get(one.property), thing.get(one.property)
        if isinstance(sent, str) and isinstance(got, str) and not one.secret and not same(sent.strip(), got.strip()):
            yield f"{one.property} came back as {got!r}"


def _let_through(bound: Bound, place: str, bait: Bait, reply: Reply) -> Iterator[str]:
    """A filter for a text that no row holds finds nothing."""
    name = place.removeprefix("query ")
    filters = {one.parameter for one in bound.filters if one.comparison in ("equal", "contains")}
    if bait.kind != "SQL" or name not in filters or not 200 <= reply.status < 300:
        return
    things: Any = carried(bound, reply) if answered(reply) is not None else None
    if isinstance(things, list) and things:
        yield f"{len(things)} rows were found by a text that none of them holds"


def _in_log(bait: Bait, log: str) -> str:
    if bait.kind != "a line of the log":
        return ""
    wanted = bait.text.partition("\n")[2]
    return next((line for line in log.splitlines() if line.startswith(wanted)), "")
