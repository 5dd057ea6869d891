"""Operations asked while the database is broken: what the caller is told, what the log holds, what is left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.binding.model import Bound
from agent.checklist.case import Owing
from agent.checklist.observing.faults import Faults
from agent.checklist.observing.logs import is_error
from agent.checklist.observing.observed import Asked, Observed, lines_of
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.exchange import Exchange, subject_table
from agent.checklist.probe.judging import excerpt
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.world import Need, World
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "SVC-GENERIC": "observing: every operation asked with its tables gone and with writes refused; answers and log",
    "DBQ-TX": "observing: writes of an operation in one transaction; each refused in turn, rows compared",
}

_TELLTALES = (
    *("Traceback", "asyncpg", "psycopg", "sqlalchemy", "UndefinedTable", "site-packages", ".py", "SELECT ", "INSERT "),
    *("relation ", "pg_", "SQLSTATE"),
)
"""What no answer for the outside holds."""
_MOST_WRITES = 6
_QUIET = 0.15
"""Seconds that a service is given to print what belongs to an answer."""
_GLANCE = 0.01
_TEXT_SHOWN = 80
_INTERNAL = ("XX", "42", "58")
"""Classes of SQLSTATE that nobody but the service can do anything about."""


@dataclass(slots=True)
class Broken:
    """What was found while the database was broken."""

    told: list[str] = field(default_factory=list)
    """Breaches of SVC-GENERIC."""
    halves: list[str] = field(default_factory=list)
    """Breaches of DBQ-TX."""
    failures: int = 0
    several: list[str] = field(default_factory=list)
    """Operations that write more than once."""
    reproduce: dict[str, str] = field(default_factory=dict)


def judge(owing: Owing, broken: Broken) -> Iterator[Receipt]:
    """Receipts of SVC-GENERIC and DBQ-TX."""
    ran = f"{broken.failures} requests that met an error of the database, made on purpose"
    if broken.failures:
        yield from owing.judge(
            "SVC-GENERIC",
            broken.told,
            ran=ran,
            found="answered with 5xx and nothing of what happened; the log holds error, message and traceback",
            reproduce=broken.reproduce.get("SVC-GENERIC", ""),
        )
    else:
        yield from owing.leave("SVC-GENERIC", "no request reached the broken database")
    if not broken.several:
        yield from owing.leave("DBQ-TX", "not applicable: no operation was seen to write more than once")
        return
    yield from owing.judge(
        "DBQ-TX",
        broken.halves,
        ran=f"every write but the first refused in turn: {', '.join(broken.several)}",
        found="after a refused write all tables hold what they held before",
        reproduce=broken.reproduce.get("DBQ-TX", ""),
    )


async def break_reads(
    service: Observed, world: World, faults: Faults, exchanges: Sequence[Exchange], broken: Broken
) -> None:
    """Ask everything again with every table gone."""
    with faults.tables_gone():
        for exchange in exchanges:
            request = world.asker.refreshed(exchange.request)
            await world.asker.send(request)
            await _told(service, request, broken)


async def break_writes(
    service: Observed, world: World, faults: Faults, exchanges: Sequence[tuple[Bound, Exchange, Asked]], broken: Broken
) -> None:
    """Refuse the writes of every operation, one at a time."""
    for bound, exchange, asked in exchanges:
        writes = sum(one.writes for one in asked.statements)
        if writes > 1:
            broken.several.append(bound.operation.key)
            _apart(asked, exchange.request, broken)
        for number in range(1, min(writes, _MOST_WRITES) + 1):
            try:
                request = await _again(world, bound, exchange)
            except (NoRow, NoCredentials):
                break
            await _refuse(service, world, faults, request, number, broken)


def _apart(asked: Asked, request: Request, broken: Broken) -> None:
    """Note writes that were committed one after the other: who is killed between them leaves the first behind."""
    wrote = [one for one in asked.statements if one.wrote]
    transactions = {(one.connection, one.transaction) for one in wrote}
    if len(transactions) > 1:
        broken.halves.append(
            f"{request.operation.key}: {len(wrote)} writes in {len(transactions)} transactions, one committed before "
            f"the next: {'; '.join(' '.join(one.text.split())[:_TEXT_SHOWN] for one in wrote)}"
        )
        broken.reproduce.setdefault("DBQ-TX", request.curl())


async def _refuse(
    service: Observed, world: World, faults: Faults, request: Request, number: int, broken: Broken
) -> None:
    before = _digests(world)
    with faults.write_refused(number):
        reply = await world.asker.send(request)
        if faults.writes() < number:
            return
        after = _digests(world)
    await _told(service, request, broken)
    changed = [name for name, digest in before.items() if digest != after[name]]
    if changed:
        broken.halves.append(
            f"{request.operation.key} → {reply.status}, although its {_ordinal(number)} write was refused; "
            f"changed all the same: {', '.join(changed)}"
        )
        broken.reproduce.setdefault("DBQ-TX", request.curl())


async def _told(service: Observed, request: Request, broken: Broken) -> None:
    """Note what the answer to the last request tells too much, and the log too little."""
    asked = service.asked[-1]
    met = [one for one in asked.statements if one.code.startswith(_INTERNAL)]
    if not met:
        return
    broken.failures += 1
    problems = [*_too_much(asked, [one.error for one in met]), *await _too_little(service, asked, met[0].error)]
    if problems:
        broken.told += [f"{request.operation.key} → {asked.reply.status}: {problem}" for problem in problems]
        broken.reproduce.setdefault("SVC-GENERIC", request.curl())


def _too_much(asked: Asked, messages: Sequence[str]) -> Iterator[str]:
    if asked.reply.status < 500:
        yield f"expected 5xx after the database said {messages[0]!r}"
    text = "\n".join((asked.reply.text, *map(str, asked.reply.headers.values())))
    leaks = [word for word in (*messages, *_TELLTALES) if word and word in text]
    if leaks:
        yield f"the answer tells {leaks[0]!r}: {excerpt(asked.reply)}"


async def _too_little(service: Observed, asked: Asked, message: str) -> list[str]:
    until = time.monotonic() + _QUIET
    while (problems := _missing(service.process.log(), asked, message)) and time.monotonic() < until:
        await asyncio.sleep(_GLANCE)
    return problems


def _missing(log: str, asked: Asked, message: str) -> list[str]:
    lines = lines_of("\n".join(line for line in log.splitlines() if asked.id in line))
    errors = [one for one in lines if is_error(one)]
    whole = [one for one in errors if any(message in value and ".py" in value for value in one.values)]
    if not errors:
        return ["the log has no line of the level error with the request's id"]
    return [] if whole else [f"no line of the level error holds the message {message!r} with a traceback"]


async def _again(world: World, bound: Bound, exchange: Exchange) -> Request:
    """A request like that of the main path, with new values and on a row of its own."""
    table = subject_table(world, bound)
    caller = exchange.need.caller
    row = exchange.need.row
    if table is not None and row is not None:
        state = {one.name: row.values[one.name] for one in row.table.columns if one.enum or one.base_type == "bool"}
        fresh = await world.row(table, caller, fresh=True)
        row = world.asker.store.change(fresh, state) or fresh
    return await world.request(bound, Need(caller, row, exchange.need.fixed, fresh=row is None))


def _digests(world: World) -> dict[str, str]:
    return {table.name: world.asker.store.digest(table) for table in world.catalog.tables}


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")
