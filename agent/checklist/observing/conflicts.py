"""Requests that break a constraint of the database: refused for what they are, never as an internal error."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.binding.model import Action, Bound
from agent.checklist.case import Owing
from agent.checklist.observing.faults import Faults
from agent.checklist.observing.observed import Observed
from agent.checklist.probe.exchange import Exchange
from agent.checklist.probe.judging import excerpt
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import referenced
from agent.checklist.probe.world import World
from agent.checklist.running import Reply
from agent.contract.model import Operation
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "SVC-DBERR": "observing: the same unique value twice and at once, and references to nothing",
}

_SLOW = 0.05
"""Seconds that each answer of the database takes, so that several requests at once need several connections."""
_COMING = 6.0
"""Seconds within which one of two requests has to reach the write: passwords are hashed before, on a busy machine."""
_MEETING = 2.0
"""Seconds that it then waits for the other one, which may have to wait for itself; services give up after more."""
_SENT_AWAY = (429, 503)
_OF_SOMETHING_ELSE = frozenset({401, 405, 406, 408, 411, 413, 414, 415, 425, 429, 431})
"""Refusals that are about who calls, how, and how often."""
_UNKNOWN = 1_900_000_000


@dataclass(slots=True)
class Conflicts:
    """What was found."""

    problems: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    reproduce: str = ""

    def note(self, request: Request, how: str, reply: Reply, wanted: Collection[int]) -> None:
        """Remember an answer, as a problem unless its status is wanted."""
        self.asked.append(f"{request.operation.key} {how} → {reply.status}")
        if reply.status not in wanted:
            expected = " or ".join(map(str, sorted(wanted)))
            self.problems.append(
                f"{request.operation.key} {how}: expected {expected}, got {reply.status} {excerpt(reply)}"
            )
            self.reproduce = self.reproduce or request.curl()


def judge(owing: Owing, conflicts: Conflicts) -> Iterator[Receipt]:
    """The receipt of SVC-DBERR."""
    if not conflicts.asked:
        yield from owing.leave("SVC-DBERR", "not applicable: no request can break a unique key or a reference")
        return
    yield from owing.judge(
        "SVC-DBERR",
        conflicts.problems,
        ran="; ".join(conflicts.asked[:8]),
        found="refused as what they are",
        reproduce=conflicts.reproduce,
    )


async def provoke(
    service: Observed, world: World, faults: Faults, bound: Bound, exchange: Exchange, conflicts: Conflicts
) -> None:
    """Break each constraint that the operation's body can break."""
    if bound.action in (Action.CREATE, Action.REGISTER) and _unique(world, bound, exchange.request):
        await _twice_at_once(service, world, faults, bound, exchange, conflicts)
    if bound.action in (Action.CREATE, Action.REPLACE, Action.PATCH):
        await _dangling(world, bound, exchange, conflicts)


async def _twice_at_once(
    service: Observed, world: World, faults: Faults, bound: Bound, exchange: Exchange, conflicts: Conflicts
) -> None:
    """Once more what is there, then twice at the same time what is not: one may win, and the other is a conflict."""
    wanted = says_taken(bound.operation)
    request = world.asker.refreshed(exchange.request)
    conflicts.note(request, "with a unique value that is taken", await world.asker.send(request), wanted)
    new = await world.request(bound, exchange.need)
    await _slowly(service, world, request, count=4)  # so that a second connection is there already
    # Who had to wait for too long may be sent away, which says nothing about the other's value.
    replies = [reply for reply in await _meeting(world, faults, new, bound.table) if reply.status not in _SENT_AWAY]
    lost = [reply for reply in replies if not 200 <= reply.status < 300]
    for reply in lost or replies[1:]:
        conflicts.note(new, "twice at once with the same unique value", reply, wanted)


async def _slowly(service: Observed, world: World, request: Request, *, count: int) -> None:
    service.recorder.delay = _SLOW
    try:
        await asyncio.gather(*(world.asker.send(world.asker.refreshed(request)) for _ in range(count)))
    finally:
        service.recorder.delay = 0.0


async def _meeting(world: World, faults: Faults, request: Request, table: str) -> list[Reply]:
    """Send it twice; what they looked up is old when they write, because neither may before both want to."""
    with faults.writes_held(table):
        sent = [asyncio.create_task(world.asker.send(world.asker.refreshed(request))) for _ in range(2)]
        if await _reached(faults, sent, 1, _COMING):
            await _reached(faults, sent, 2, _MEETING)
    return list(await asyncio.gather(*sent))


async def _reached(faults: Faults, sent: Sequence[asyncio.Task[Reply]], wanted: int, seconds: float) -> bool:
    """Whether so many wait for the lock before the time is over, or one of them is answered without."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not any(one.done() for one in sent):
        if faults.waiting() >= wanted:
            return True
        await asyncio.sleep(0.01)
    return False


async def _dangling(world: World, bound: Bound, exchange: Exchange, conflicts: Conflicts) -> None:
    table, body = world.catalog.table(bound.table), exchange.request.body
    if table is None or not isinstance(body, dict):
        return
    for one in bound.body:
        target = referenced(table, one.column)
        if target is None or one.embedded is not None or body.get(one.property) is None:
            continue
        value = _nothing(world, body[one.property])
        if value is None:
            continue
        request = replace(world.asker.refreshed(exchange.request), body={**body, one.property: value})
        how = f"with a {one.property} that leads to nothing"
        conflicts.note(request, how, await world.asker.send(request), says_dangling(bound.operation))


def _nothing(world: World, like: object) -> object:
    """A key that no row has; None when none can be made up."""
    if isinstance(like, int):
        return _UNKNOWN + world.asker.chance.randrange(10**7)
    if isinstance(like, str) and len(like) == 36 and like.count("-") == 4:
        bits = f"{world.asker.chance.getrandbits(128):032x}"
        return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-8{bits[17:20]}-{bits[20:]}"
    return None


def says_taken(operation: Operation) -> set[int]:
    """What may be answered to a value that somebody else has: see `_meant`."""
    return _meant(operation, {409})


def says_dangling(operation: Operation) -> set[int]:
    """What may be answered to a reference that leads to nothing; who may not see the target need not tell that."""
    return _meant(operation, {404, 409}) | _declared(operation, {400, 403, 422})


def _meant(operation: Operation, meant: Collection[int]) -> set[int]:
    """The statuses that are meant for it, as far as the contract declares them.

    Where it declares none of them, each is right all the same, and each refusal of what was sent that it declares:
    FastAPI declares 422 by itself, and says by that nothing about a conflict.
    """
    return _declared(operation, meant) or set(meant) | (_declared(operation, range(400, 500)) - _OF_SOMETHING_ELSE)


def _declared(operation: Operation, statuses: Collection[int]) -> set[int]:
    names = {answer.status.upper() for answer in operation.answers}
    return {status for status in statuses if names & {str(status), "4XX", "DEFAULT"}}


def _unique(world: World, bound: Bound, request: Request) -> bool:
    """True when a unique key is filled by the body alone, so that the same body breaks it."""
    table = world.catalog.table(bound.table)
    if table is None or not isinstance(request.body, dict):
        return False
    given = {one.column for one in bound.body if request.body.get(one.property) is not None and not one.secret}
    given |= {step.link for step in bound.path if step.link} | ({bound.owner} if bound.owner else set())
    return any(not one.partial and set(one.columns) <= given for one in table.uniques)
