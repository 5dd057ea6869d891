"""The gates logging, observability and database, as far as they are seen of one running service with all recorded."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.binding.model import Action, Bound
from agent.checklist import service as health
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import NotMigrated, Opened
from agent.checklist.observing import (
    breaking,
    conflicts,
    keeping,
    lists,
    logs,
    metrics,
    overload,
    pool,
    stalls,
    statements,
    traces,
)
from agent.checklist.observing.breaking import Broken
from agent.checklist.observing.conflicts import Conflicts
from agent.checklist.observing.exports import spans_in, stalls_in
from agent.checklist.observing.faults import Faults
from agent.checklist.observing.logs import Person
from agent.checklist.observing.observed import Asked, Observed, lines_of
from agent.checklist.probe.accounts import Caller, NoCredentials, credentials
from agent.checklist.probe.asking import Asker
from agent.checklist.probe.exchange import Exchange, main_path
from agent.checklist.probe.fitting import store_of
from agent.checklist.probe.judging import Notes, matches, successes
from agent.checklist.probe.negatives import provoke
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.users import Users
from agent.checklist.probe.world import World
from agent.checklist.running import NotRunning, Running, running
from agent.receipts import Receipt
from tools.postgres.forwarding import forwarded
from tools.postgres.wire import Recorder

RULES: Mapping[str, str] = {
    **health.RULES,
    **keeping.RULES,
    **logs.RULES,
    **lists.RULES,
    **statements.RULES,
    **breaking.RULES,
    **conflicts.RULES,
    **metrics.RULES,
    **traces.RULES,
    **stalls.RULES,
    **pool.RULES,
    **overload.RULES,
}

_PARALLEL = 4
"""Requests of each of two users at the same time."""
_REPEATED = 8
"""GETs that are asked again for metrics, traces and connections."""
_SLOW = 0.05
_QUIET = 0.3
"""Seconds that a service is given to print what it still has."""
_TELLING = 6
"""Characters from which on a value with a digit in it is not met by chance, nor a word of an enumeration."""


@dataclass(slots=True)
class _Session:
    """One service under observation, and what was done with it."""

    case: Case
    owing: Owing
    service: Observed
    world: World
    faults: Faults
    done: list[tuple[Bound, Exchange, Asked]] = field(default_factory=list)
    """Operations that succeeded on their main path."""
    kept: list[keeping.Kept] = field(default_factory=list)
    """Of those that are about a table, whether the database has seen them."""
    stalled: int = 0
    """Bytes written about stalls before the first request."""
    strangers: list[Caller] = field(default_factory=list)
    """Users who were registered by the main path, and never used."""


async def settle(
    case: Case, owing: Owing, bench: Bench, *, seed: int | None = None, turn: float = health.TURN
) -> Found:
    """Settle what one observed service shows. Readiness may take `turn` seconds to follow the database."""
    seed = secrets.randbits(32) if seed is None else seed
    recorder = Recorder()
    try:
        with forwarded(case.server, recorder) as way:
            async with bench.migrated(way.folder) as database:
                async with running(case, database.access, bench.record, starts=bench.starts, watched=True) as service:
                    await asyncio.sleep(_QUIET)
                    started = len(service.process.log())
                    receipts = await _observe(case, owing, service, recorder, database, seed, started)
                    receipts += await health.settle(owing, service, way, case.contract.base_path, turn)
                # Only of a service that starts is it known that it stops for want of a setting.
                receipts += await health.fails_fast(case, owing, database)
    except (NotMigrated, NotRunning) as error:
        return owing.cannot(RULES, str(error), ran="start the service", reproduce=error.reproduce)
    return Found(tuple(receipts))


async def _observe(
    case: Case, owing: Owing, service: Running, recorder: Recorder, database: Opened, seed: int, started: int
) -> list[Receipt]:
    chance = random.Random(seed)
    observed = Observed.of(service, recorder, chance)
    with (
        case.server.connect(database.database) as connection,
        case.server.connect(database.database) as owner,
    ):
        asker = Asker(case.contract, observed, store_of(case, connection), chance)
        world = World(asker, Users(asker, case.binding, case.catalog), case.binding, case.catalog)
        faults = Faults(owner, case.catalog, f"{chance.getrandbits(40):010x}")
        session = _Session(case, owing, observed, world, faults, stalled=stalls_in(service.socket.parent)[1])
        return await _receipts(session, started)


async def _receipts(session: _Session, started: int) -> list[Receipt]:
    """Ask in the order that disturbs least: first what works, then what is refused, then what is broken on purpose."""
    owing, service = session.owing, session.service
    await _main_paths(session)
    receipts = [*keeping.judge(session.case, owing, session.kept)]
    receipts += statements.judge_parameters(owing, _sent(session))
    receipts += await _refusals(session)
    receipts += await lists.judge_lists(session.world, service, owing)
    receipts += await _failures(session)
    await _at_once(session)
    receipts += await _repeated(session)
    receipts += statements.judge_star(session.case, owing, service.asked)
    for _ in range(2):
        await service.ask_unmarked("GET", _plain_path(session))
    await asyncio.sleep(_QUIET)
    printed = lines_of(service.process.log()[started:])
    spans = await asyncio.to_thread(spans_in, service.socket.parent)
    receipts += logs.judge(owing, printed, service.asked, list(_people(session)), spans)
    receipts += await overload.judge(owing, service, _from_database(session))
    return receipts


async def _refusals(session: _Session) -> list[Receipt]:
    clashes = Conflicts()
    for bound, exchange, _ in session.done:
        await _ask_wrongly(session, bound, exchange)
        await conflicts.provoke(session.service, session.world, session.faults, bound, exchange, clashes)
    return list(conflicts.judge(session.owing, clashes))


async def _failures(session: _Session) -> list[Receipt]:
    broken = Broken()
    service, world, faults = session.service, session.world, session.faults
    await breaking.break_writes(service, world, faults, session.done, broken)
    await breaking.break_reads(service, world, faults, [one for _, one, _ in session.done], broken)
    return list(breaking.judge(session.owing, broken))


async def _repeated(session: _Session) -> list[Receipt]:
    """What is seen of requests that can be asked again: metrics, spans, connections, and what holds the event loop."""
    owing, service, world = session.owing, session.service, session.world
    requests = _repeatable(session)
    await stalls.ask_slowly(service, world, session.done)
    return [
        *await metrics.judge(owing, service, world, requests),
        *await pool.judge(owing, service, requests, session.faults.connection),
        *await traces.judge(owing, service, world, requests),
        *await stalls.judge(session.case, owing, service, session.stalled),
    ]


async def _main_paths(session: _Session) -> None:
    """Ask every operation on its main path; those that do not succeed are the business of the gate errors."""
    for bound in session.case.binding.operations:
        try:
            exchange = await main_path(session.world, bound, Notes(bound.operation))
        except (NoCredentials, NoRow):
            continue
        if matches(exchange.reply.status, successes(bound.operation)):
            asked = session.service.asked[-1]
            session.done.append((bound, exchange, asked))
            seen = await keeping.kept(session.world.asker.store, bound, exchange, asked)
            session.kept += [seen] if seen else []
        if bound.action is Action.REGISTER:
            caller = session.world.users.registration(bound, exchange.request.body)
            session.strangers += [caller] if caller else []


async def _ask_wrongly(session: _Session, bound: Bound, exchange: Exchange) -> None:
    """Everything that callers do wrong, for what the service then prints."""
    await provoke(session.world, bound, exchange, Notes(bound.operation))


async def _at_once(session: _Session) -> None:
    """Two users ask at the same time, while the database is slow: their lines must not be mixed up."""
    users = session.world.users
    requests: list[Request] = []
    try:
        for name in ("first", "second"):
            caller = await users.caller(name)
            for bound, exchange, _ in session.done:
                if caller is not None and bound.operation.protected and bound.action is Action.LIST:
                    request = exchange.request
                    proof = credentials(bound.operation, session.case.contract, caller)
                    asker = session.world.asker
                    requests += [
                        Request(
                            operation=request.operation,
                            base_path=request.base_path,
                            path_values=request.path_values,
                            query=request.query,
                            headers=asker.refreshed(request).headers,
                            credentials=proof,
                            secrets=caller.secrets,
                        )
                    ] * _PARALLEL
                    break
    except (NoCredentials, NoRow):
        return
    session.service.recorder.delay = _SLOW
    try:
        await asyncio.gather(*(session.world.asker.send(request) for request in requests))
    finally:
        session.service.recorder.delay = 0.0


def _sent(session: _Session) -> Iterator[tuple[Asked, Sequence[str], str]]:
    for _, exchange, asked in session.done:
        request = exchange.request
        values = (request.path_values, request.query, request.body)
        yield asked, [text for value in values for text in _telling(value)], request.curl()


def _telling(value: Any) -> Iterator[str]:
    """The values in it that nobody else would write."""
    match value:
        case Mapping():
            for one in value.values():
                yield from _telling(one)
        case list():
            for one in value:
                yield from _telling(one)
        case bool() | None:
            return
        case str() | int() if len(str(value)) >= _TELLING and any(letter.isdigit() for letter in str(value)):
            yield str(value)


def _people(session: _Session) -> Iterator[Person]:
    protected = [bound.operation for bound in session.case.binding.operations if bound.operation.protected]
    for caller in (*session.world.users.made, *session.strangers):
        proofs: set[str] = set()
        for operation in protected[:1]:
            try:
                proofs |= set(credentials(operation, session.case.contract, caller).values())
            except NoCredentials:
                continue
        yield Person("" if caller.id is None else str(caller.id), frozenset(proofs), dict(_secrets_of(caller)))


def _secrets_of(caller: Caller) -> Iterator[tuple[str, str]]:
    yield caller.password, logs.PASSWORD
    for token, kind in ((caller.token, "an access token"), (caller.refresh_token, "a refresh token")):
        if token:
            yield token.rpartition(".")[2], kind
    if "@" in caller.login:
        yield caller.login, "an e-mail address"


def _repeatable(session: _Session) -> list[Request]:
    """Requests that can be sent as often as wanted: GETs that worked, and whose rows are still there."""
    return [
        exchange.request
        for bound, exchange, _ in session.done
        if exchange.request.method == "GET" and (exchange.need.row is None or _still(session, exchange))
    ][:_REPEATED]


def _from_database(session: _Session) -> list[Request]:
    """Those of them that made the service ask the database."""
    asking = {id(exchange.request) for _, exchange, asked in session.done if asked.queries}
    return [one for one in _repeatable(session) if id(one) in asking]


def _still(session: _Session, exchange: Exchange) -> bool:
    row = exchange.need.row
    return row is not None and session.world.asker.store.fresh(row) is not None


def _plain_path(session: _Session) -> str:
    """What can be asked without an id: the first GET that worked, else the root."""
    for _, exchange, _ in session.done:
        if exchange.request.method == "GET" and not exchange.request.operation.protected:
            return exchange.request.sent_target
    return "/"
