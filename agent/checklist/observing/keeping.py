"""STK-PG: the data that operations change is PostgreSQL's, and not kept somewhere beside an open connection."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.binding.model import Action, Bound
from agent.checklist.case import Case, Owing
from agent.checklist.observing.observed import Asked
from agent.checklist.probe.exchange import Exchange
from agent.checklist.probe.store import Store
from agent.receipts import Receipt
from tools.postgres.wire import Statement

RULES: Mapping[str, str] = {
    "STK-PG": "observing: rows that every table's operations changed at the server, and the server's version",
}

_CHANGING = (Action.CREATE, Action.REGISTER, Action.REPLACE, Action.PATCH, Action.DELETE)
_READING = (Action.LIST, Action.RETRIEVE, Action.ME)
_OLDEST = 16
_LATER = 0.5
"""Seconds that a service is given which stores what was sent after it has answered."""
_NOTHING_WORKED = "no operation worked that keeps or shows rows of a table: the receipts of API-STATUS say why"
_LOGGED = """psql -c "ALTER SYSTEM SET log_statement = 'all'" -c 'SELECT pg_reload_conf()'"""


@dataclass(frozen=True, slots=True)
class Kept:
    """An operation that succeeded, and whether the server has seen it."""

    operation: str
    table: str
    changes: bool
    """False: it reads."""
    seen: str
    """What the server did: `INSERT 0 1`, `rows changed`, `2 statements`; empty when it did nothing."""
    reproduce: str = ""


async def kept(store: Store, bound: Bound, exchange: Exchange, asked: Asked) -> Kept | None:
    """What is known of an operation that has just succeeded; None where it is about no table of the schema."""
    table, changes = exchange.table, bound.action in _CHANGING
    if table is None or not (changes or bound.action in _READING):
        return None
    seen = written(table.name, asked.statements) if changes else _read(asked)
    if changes and not seen and not (seen := _changed(store, exchange)):
        await asyncio.sleep(_LATER)
        seen = _changed(store, exchange)
    return Kept(bound.operation.key, table.name, changes, seen, exchange.request.curl())


def written(table: str, statements: Iterable[Statement]) -> str:
    """How the server names the first change of this table's rows; empty when there is none."""
    name = re.compile(rf"\b{re.escape(table.rpartition('.')[2])}\b")
    return next((one.tag or "rows changed" for one in statements if one.wrote and name.search(one.text)), "")


def judge(case: Case, owing: Owing, found: Sequence[Kept]) -> tuple[Receipt, ...]:
    """Whether the server saw the changes of every table, or, where nothing changes, that it was asked at all."""
    problems = list(problems_of(found))
    version = case.server.version_text
    if case.server.version // 10_000 < _OLDEST:
        problems.append(f"the server is a PostgreSQL {version}; {_OLDEST} or newer is asked for")
    elif not found:
        return owing.leave("STK-PG", _NOTHING_WORKED)
    changing = [one for one in found if one.changes]
    told = "; ".join(f"{one.operation}: {one.seen}" for one in (changing or found) if one.seen)
    return owing.judge(
        "STK-PG",
        problems,
        ran=f"{len(changing)} operations that change rows and {len(found) - len(changing)} that read them, each once",
        found=f"PostgreSQL {version} saw {told}",
        reproduce=f"{_LOGGED}; {next((one.reproduce for one in found if not one.seen), '')}".removesuffix("; "),
    )


def problems_of(found: Sequence[Kept]) -> Iterable[str]:
    """The tables of which no change was seen; that nothing is read either, where there are no changes.

    A table of which some changes were seen is kept there: what its other operations forget, other rules say.
    """
    changing = [one for one in found if one.changes]
    for table in dict.fromkeys(one.table for one in changing):
        mine = [one for one in changing if one.table == table]
        if not any(one.seen for one in mine):
            named = ", ".join(one.operation for one in mine)
            yield f"{named} succeeded, and no row of {table} changed: the service keeps them elsewhere, or not at all"
    if found and not changing and not any(one.seen for one in found):
        named = ", ".join(one.operation for one in found)
        yield f"{named} succeeded, and the server was sent no statement"


def _read(asked: Asked) -> str:
    return f"{len(asked.queries)} statements" if asked.queries else ""


def _changed(store: Store, exchange: Exchange) -> str:
    """Whether the table's rows are others than before, whatever statement did it; empty when they are not."""
    table, row = exchange.table, exchange.need.row
    if table is None:
        return ""
    now = store.fresh(row) if row is not None and row.table.name == table.name else None
    other = row is not None and row.table.name == table.name and (now is None or now.values != row.values)
    return "rows changed" if other or frozenset(store.keys(table)) != exchange.keys else ""
