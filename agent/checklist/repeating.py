"""Requests that are sent again: under one `Idempotency-Key`, ten at once and once more; and plain PUT and DELETE.

A change counts by what it leaves in the database. Where the contract declares the header, every repeat has to get the
first answer. Where it does not, nobody was promised an answer: the effect has to happen once, and a repeat that is told
so (404, 409, 410 and the like) is told enough.
"""

from __future__ import annotations

import random
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from agent.binding.model import Action, Bound
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import NotMigrated, redis_seen_here
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.asking import Asker, answered, plain_values
from agent.checklist.probe.exchange import Exchange, prepared
from agent.checklist.probe.fitting import store_of
from agent.checklist.probe.judging import excerpt, matches, successes
from agent.checklist.probe.requests import ABSENT, Request
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.users import Users
from agent.checklist.probe.volleys import at_once
from agent.checklist.probe.world import World
from agent.checklist.running import NotRunning, Reply
from agent.checklist.stored import same_answer, told_to_others
from agent.contract.model import Operation
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "API-IDEM": "repeating: one Idempotency-Key ten times at once, again, changed, by another user, and elsewhere",
    "PRI-IDEMPOTENT": "repeating: every PUT and DELETE twice, every change twice under its key; effects counted",
}

HEADER = "Idempotency-Key"
_AT_ONCE = 10
_VOLLEYS = 3
"""How often ten requests that make a row are sent at once: on a busy machine they do not always meet."""
_OTHERS_AT_ONCE = 4
"""Of operations that make no row, whose repeats do no harm by themselves, and of those that hash a password."""
_BUSY = (0, 409, 423, 425, 429, 503)
"""What may be answered to those who come while the first request is at work; 0: no answer within ten seconds."""
_PLAIN = re.compile(r"[A-Za-z]+[A-Za-z0-9 ]+")
_GIVES_TOKENS = "not applicable: its answer holds credentials, which must not be kept for a repeat"


@dataclass(slots=True)
class Repeated:
    """What was found of one operation."""

    operation: Operation
    asked: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """Breaches of the same answer."""
    effects: list[str] = field(default_factory=list)
    """Breaches of the one effect."""
    unjudged: str = ""
    curl: str = ""

    @property
    def reproduce(self) -> str:
        """Lines to paste: the request ten times at once, and once more."""
        if not self.curl:
            return ""
        return f"for n in $(seq {_AT_ONCE}); do {self.curl} & done; wait; {self.curl}"


async def settle(case: Case, owing: Owing, bench: Bench, *, seed: int | None = None) -> Found:
    """Settle what repeats owe. Values are made up from a seed that the receipts name."""
    seed = secrets.randbits(32) if seed is None else seed
    receipts: list[Receipt] = []
    try:
        async with bench.turn() as booted:
            with case.server.connect(booted.database.database) as connection:
                chance = random.Random(seed)
                asker = Asker(case.contract, booted.service, store_of(case, connection), chance)
                users = Users(asker, case.binding, case.catalog)
                world = World(asker, users, case.binding, case.catalog)
                redis_url, found = redis_seen_here(booted.database.access), list[Repeated]()
                changing = [case.binding.bound(one) for one in owing.subjects("API-IDEM")]
                await _warm_up(world, changing)
                for bound in changing:
                    started = time.perf_counter()
                    one = await repeat(world, bound, redis_url)
                    receipts += _receipt(owing, one, seed, time.perf_counter() - started)
                    found.append(one)
                plain = [await _plainly(world, one) for one in changing]
    except (NotMigrated, NotRunning) as error:
        return owing.cannot(RULES, str(error), ran="start the service", reproduce=error.reproduce)
    return Found((*receipts, *_harmless(owing, [*found, *plain], seed)))


def _receipt(owing: Owing, one: Repeated, seed: int, seconds: float) -> Sequence[Receipt]:
    key = one.operation.key
    ran = f"{'; '.join(one.asked)} (seed {seed})"
    if one.unjudged:
        return owing.leave("API-IDEM", one.unjudged, subject=key, ran=ran)
    return owing.judge(
        "API-IDEM",
        [*one.effects, *one.answers],
        subject=key,
        ran=ran,
        found="one effect; every repeat is answered for it",
        reproduce=one.reproduce,
        seconds=seconds,
    )


def _harmless(owing: Owing, found: Sequence[Repeated], seed: int) -> Sequence[Receipt]:
    judged = [one for one in found if not one.unjudged]
    if not judged:
        return owing.leave("PRI-IDEMPOTENT", "no change could be asked for twice: the receipts of API-IDEM say why")
    problems = [problem for one in judged for problem in one.effects]
    names = ", ".join(dict.fromkeys(one.operation.key for one in judged))
    ran = f"each of these sent again: {names} (seed {seed})"
    line = next((one.reproduce for one in judged if one.effects), "")
    return owing.judge("PRI-IDEMPOTENT", problems, ran=ran, found="no repeat changed anything again", reproduce=line)


async def _warm_up(world: World, changing: Sequence[Bound]) -> None:
    """Have the service open as many connections to its servers as a volley takes.

    A request that has to open one first comes too late to look while the others take.
    """
    for bound in changing:
        if _gives_tokens(bound) or bound.action is Action.REGISTER or bound.operation.method != "post":
            continue
        try:
            exchange = await prepared(world, bound, fresh=True)
        except (NoRow, NoCredentials):
            continue
        await at_once(world.asker.service, keyed(world, exchange.request), _AT_ONCE)
        return


def _gives_tokens(bound: Bound) -> bool:
    return bool(bound.tokens) or bound.action in (Action.LOGIN, Action.REFRESH)


async def repeat(world: World, bound: Bound, redis_url: str | None = None) -> Repeated:
    """Send one change under one key, at once and again, as it should be accepted; Redis is held up meanwhile."""
    one = Repeated(bound.operation)
    if _gives_tokens(bound):
        one.unjudged = _GIVES_TOKENS
        return one
    try:
        met = await _meet(world, bound, redis_url, one)
    except (NoRow, NoCredentials) as error:
        one.unjudged = f"it could not be asked: {error}"
        return one
    if met is None:
        return one
    exchange, request, first = met
    await _again(world, bound, request, first, one)
    if _declared(bound.operation) or _makes_row(bound):
        await _with_another_body(world, request, one)
    asked, shown = await told_to_others(world, bound, request, exchange.need.caller, first)
    one.asked += asked
    one.answers += shown
    await _elsewhere(world, bound, request, first, one)
    return one


async def _meet(
    world: World, bound: Bound, redis_url: str | None, one: Repeated
) -> tuple[Exchange, Request, Reply] | None:
    """Send it so often at once, each time under a new key, until a race is lost or none is to be expected.

    The last request, and what it was answered; None where it was not accepted. Raises `NoRow` and `NoCredentials`.
    """
    met = None
    for _ in range(_VOLLEYS if bound.action is Action.CREATE else 1):
        exchange = await prepared(world, bound, fresh=True)
        request = keyed(world, exchange.request)
        first = await _volley(world, bound, request, redis_url, one, known=met is not None)
        if first is None:
            break
        met = exchange, request, first
        if one.effects or one.answers:
            break
    return met


async def _volley(
    world: World, bound: Bound, request: Request, redis_url: str | None, one: Repeated, *, known: bool
) -> Reply | None:
    """The good answer to one request at once under one key; None where none was good, which is told unless `known`."""
    one.curl = one.curl or request.curl()
    before = _keys(world, bound)
    hashes = bound.action is Action.REGISTER
    count = _AT_ONCE if bound.operation.method == "post" and not hashes else _OTHERS_AT_ONCE
    replies = await at_once(world.asker.service, request, count, redis_url)
    one.asked.append(f"{request.method} {request.target} {count} times at once → {_statuses(replies)}")
    good = [reply for reply in replies if matches(reply.status, successes(bound.operation))]
    if not good:
        if not known:
            _note_refusal(one, bound, max(replies, key=lambda reply: reply.status))
        return None
    made = len(_keys(world, bound) - before)
    if _makes_row(bound) and made != 1:
        one.effects.append(
            f"{one.operation.key} {count} times at once with one key: {made} rows in {bound.table}, expected 1"
        )
    one.answers += _unequal(bound, good[0], replies, at_once=True)
    return good[0]


async def _again(world: World, bound: Bound, request: Request, first: Reply, one: Repeated) -> None:
    """The same request once more: it may not change anything."""
    before = _digests(world)
    reply = await world.asker.send(request)
    one.asked.append(f"again → {reply.status or 'no answer'}")
    one.answers += _unequal(bound, first, [reply], at_once=False)
    _note_changes(world, before, one, f"{one.operation.key} again with the same key → {reply.status}")


async def _with_another_body(world: World, request: Request, one: Repeated) -> None:
    """The key stands for the first body: whatever this one is answered, it may not change anything."""
    other = _another(request.body)
    if other is ABSENT:
        return
    before = _digests(world)
    reply = await world.asker.send(replace(request, body=other))
    one.asked.append(f"another body with the same key → {reply.status or 'no answer'}")
    if reply.status >= 500 or not reply.status:
        one.answers.append(f"another body with the same key → {reply.status or 'no answer'}; expected a refusal")
    _note_changes(world, before, one, f"{one.operation.key} with another body and the same key → {reply.status}")


async def _elsewhere(world: World, bound: Bound, request: Request, first: Reply, one: Repeated) -> None:
    """The key stands for what it was sent to: for another row it may be refused, or work, but not tell of the first."""
    if _makes_row(bound) or not request.path_values:
        return
    try:
        exchange = await prepared(world, bound, fresh=True)
    except (NoRow, NoCredentials):
        return
    row, other = exchange.need.row, exchange.request
    if row is None or other.sent_target == request.sent_target:
        return
    key = {name: value for name, value in request.headers.items() if name.lower() == HEADER.lower()}
    reply = await world.asker.send(replace(other, headers={**other.headers, **key}, body=request.body))
    one.asked.append(f"the same key for another row → {reply.status or 'no answer'}")
    if not matches(reply.status, successes(bound.operation)):
        return
    now = world.asker.store.fresh(row)
    undone = bound.action is Action.DELETE and now is not None and now.values == row.values
    if undone or (same_answer(reply, first) and _tells_of(reply, request, other)):
        what = "is still there" if undone else "was not looked at"
        one.answers.append(
            f"{other.method} {other.target} with the key of {request.method} {request.target} → {reply.status}: it is "
            f"told the other's answer, and its own row {what}"
        )


def _tells_of(reply: Reply, request: Request, other: Request) -> bool:
    """Whether an answer names what one request was for, and not what the other was for.

    The same answer to both proves nothing: two tickets that are merged into a third are both answered with that one.
    """
    named = set(plain_values(answered(reply)))
    differing = [name for name, value in request.path_values.items() if other.path_values.get(name) != value]
    return any(
        str(request.path_values[name]) in named and str(other.path_values.get(name)) not in named for name in differing
    )


def _note_refusal(one: Repeated, bound: Bound, worst: Reply) -> None:
    if worst.status >= 500 and not bound.hole:
        one.answers.append(f"at once → {worst.status} {excerpt(worst)}")
    else:
        one.unjudged = f"it was not accepted: {worst.status or 'no answer'} {excerpt(worst)}"


async def _plainly(world: World, bound: Bound) -> Repeated:
    """PUT and DELETE twice, without a key: what the first did, the second finds done."""
    one = Repeated(bound.operation)
    if bound.operation.method not in ("put", "delete") or bound.hole:
        one.unjudged = "asked under its key alone"
        return one
    try:
        request = (await prepared(world, bound, fresh=True)).request
    except (NoRow, NoCredentials) as error:
        one.unjudged = f"it could not be asked: {error}"
        return one
    first = await world.asker.send(request)
    if not matches(first.status, successes(bound.operation)):
        one.unjudged = f"it was not accepted: {first.status}"
        return one
    one.curl = request.curl()
    before = _keys(world, bound)
    second = await world.asker.send(request)
    if second.status >= 500 or not second.status:
        one.effects.append(f"{one.operation.key} twice → {first.status}, {second.status or 'no answer'}")
    if _keys(world, bound) != before:
        one.effects.append(f"{one.operation.key} twice: the second changed which rows {bound.table} has")
    return one


def _unequal(bound: Bound, first: Reply, replies: Sequence[Reply], *, at_once: bool) -> Iterator[str]:
    when = "at once" if at_once else "again"
    for reply in replies:
        if same_answer(reply, first) or (at_once and reply.status in _BUSY):
            continue
        if (
            not _declared(bound.operation)
            and 200 <= reply.status < 500
            and not (reply.status < 300 and _makes_row(bound))
        ):
            continue  # what was done is told, or done as it was
        expected = f"{first.status} {excerpt(first)}"
        yield f"{when} with the same key: expected the first answer, {expected}, got {reply.status} {excerpt(reply)}"
        return


def _makes_row(bound: Bound) -> bool:
    return bound.action in (Action.CREATE, Action.REGISTER)


def keyed(world: World, request: Request) -> Request:
    """The request under a new key."""
    key = str(UUID(int=world.asker.chance.getrandbits(128), version=4))
    rest = {name: value for name, value in request.headers.items() if name.lower() != HEADER.lower()}
    return replace(request, headers={**rest, HEADER: key})


def _declared(operation: Operation) -> bool:
    return any(one.location == "header" and one.name.lower() == HEADER.lower() for one in operation.parameters)


def _another(body: Any) -> Any:
    """The body with one text changed a little; ABSENT where it has none that can be."""
    if not isinstance(body, dict):
        return ABSENT
    texts = [name for name, value in body.items() if isinstance(value, str) and _PLAIN.fullmatch(value)]
    if not texts:
        return ABSENT
    text = body[texts[0]]
    return {**body, texts[0]: text[1:] + text[0] if text[1:] + text[0] != text else text[:-1]}


def _keys(world: World, bound: Bound) -> set[tuple[str, ...]]:
    table = world.catalog.table(bound.table)
    return world.asker.store.keys(table) if table else set()


def _digests(world: World) -> dict[str, str]:
    return {table.name: world.asker.store.timeless_digest(table) for table in world.catalog.tables}


def _note_changes(world: World, before: Mapping[str, str], one: Repeated, what: str) -> None:
    changed = [name for name, digest in _digests(world).items() if digest != before[name]]
    if changed:
        one.effects.append(f"{what}, and changed {', '.join(changed)}")


def _statuses(replies: Sequence[Reply]) -> str:
    counted: dict[int, int] = {}
    for reply in replies:
        counted[reply.status] = counted.get(reply.status, 0) + 1
    return ", ".join(f"{status or 'no answer'} × {count}" for status, count in sorted(counted.items()))
