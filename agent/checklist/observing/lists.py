"""Lists asked with few rows and with many: the statements must not become more, nor the rows that are read for a page.

Each filter and the sorting are asked too, for the statements of one branch say nothing about another's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from agent.binding.model import Bound
from agent.catalog.model import ForeignKey
from agent.checklist.case import Owing
from agent.checklist.observing.observed import Asked, Observed
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.asking import carried
from agent.checklist.probe.exchange import caller_for
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import NoRow, Row
from agent.checklist.probe.variants import Variant, variants
from agent.checklist.probe.world import Need, World
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "DBQ-N1": "observing: statements of a list at few rows and at 50, plain, with each filter and sorted",
    "DBQ-PAGE": "observing: rows that the server sends for one page, when the table has few rows and 50",
}

_FEW, _MANY = 8, 50
_PAGE = 4
"""Rows a page, where it is seen whether pages are cut in SQL."""
_REPEATED = 3
"""By how much more often one statement may be sent, where the next request for the same sends it no more."""
_SPARE = 2
"""Rows that may be read beyond a page, to see whether there is another."""


@dataclass(frozen=True, slots=True)
class Count:
    """What one request for a list cost."""

    shown: int
    """Rows in the answer."""
    statements: int
    rows: int
    """Sent by the server, the largest of the statements."""
    repeated: int
    """How often the most frequent statement was sent."""
    asked: Asked


@dataclass(slots=True)
class _Seen:
    """What was found about one list."""

    growing: list[str]
    whole: list[str]
    compared: list[str]
    cut: bool
    reproduce: str = ""
    hindered: str = ""


async def judge_lists(world: World, service: Observed, owing: Owing) -> list[Receipt]:
    """Receipts of DBQ-N1 and DBQ-PAGE for every list that was derived; others stay unchecked, with the reason."""
    receipts: list[Receipt] = []
    for bound in world.binding.operations:
        key = bound.operation.key
        if key not in owing.subjects("DBQ-N1") and key not in owing.subjects("DBQ-PAGE"):
            continue
        seen = await _look(world, service, bound)
        receipts += _receipts(owing, key, seen)
    return receipts


def _receipts(owing: Owing, key: str, seen: _Seen) -> Iterator[Receipt]:
    ran = f"{key} with {_FEW} and with {_MANY} rows: {'; '.join(seen.compared) or 'not asked'}"
    for rule, problems in (("DBQ-N1", seen.growing), ("DBQ-PAGE", seen.whole)):
        if seen.hindered and not problems:
            yield from owing.leave(rule, seen.hindered, subject=key, ran=ran)
        elif rule == "DBQ-PAGE" and not seen.cut:
            why = "not applicable: the contract gives no way to ask for fewer rows"
            yield from owing.leave(rule, why, subject=key, ran=ran)
        else:
            yield from owing.judge(
                rule,
                problems,
                subject=key,
                ran=ran,
                found="the same statements for many rows" if rule == "DBQ-N1" else "no more rows read than are shown",
                reproduce=seen.reproduce,
            )


async def _look(world: World, service: Observed, bound: Bound) -> _Seen:
    limit = _limit(bound)
    seen = _Seen([], [], [], cut=limit is not None)
    try:
        caller = await caller_for(world, bound)
        first = await world.row(bound.table, caller) if bound.table else None
        if bound.action is None or first is None:
            seen.hindered = (
                "which rows it lists could not be derived: `agent plan` says what the operation was taken for"
            )
            return seen
        need = Need(caller, first)
        asked = list(variants(bound, await world.request(bound, need), need.row))
        await _grow(world, bound, need, first, _FEW)
        few = {one.name: await _both(world, service, bound, one, limit) for one in asked}
        await _grow(world, bound, need, first, _MANY)
        many = {one.name: await _both(world, service, bound, one, limit) for one in asked}
    except (NoRow, NoCredentials) as error:
        seen.hindered = f"there could not be many rows: {error}"
        return seen
    for variant in asked:
        _compare(seen, variant, few[variant.name], many[variant.name])
    if not seen.compared:
        seen.hindered = "no answer had more rows than before"
    return seen


def _compare(seen: _Seen, variant: Variant, few: tuple[Count, Count], many: tuple[Count, Count]) -> None:
    before, after = few[0], many[0]
    if after.shown > before.shown > 0:
        seen.compared.append(f"{variant.name} {before.statements} then {after.statements} statements")
        if after.statements > before.statements or after.repeated > before.repeated + _REPEATED:
            repeated = _most_repeated(after.asked)
            seen.growing.append(
                f"{variant.name}: {before.statements} statements for {before.shown} rows, {after.statements} for "
                f"{after.shown}; the most frequent, when they were shown for the first time: {repeated}"
            )
            seen.reproduce = seen.reproduce or variant.request.curl()
    before, after = few[1], many[1]
    if seen.cut and after.shown and after.rows > max(before.rows, after.shown + _SPARE):
        seen.whole.append(
            f"{variant.name}: for a page of {after.shown} rows the server sent {before.rows} when there were {_FEW}, "
            f"and {after.rows} when there were {_MANY}"
        )
        seen.reproduce = seen.reproduce or variant.request.curl()


async def _both(
    world: World, service: Observed, bound: Bound, variant: Variant, limit: tuple[str, int] | None
) -> tuple[Count, Count]:
    """Asked for as many rows as there may be, and for a small page."""
    if limit is None:
        count = await _count(world, service, bound, variant.request)
        return count, count
    name, largest = limit
    query = variant.request.query
    most = replace(variant.request, query={**query, name: min(_MANY, largest)})
    page = replace(variant.request, query={**query, name: min(_PAGE, largest)})
    return await _count(world, service, bound, most), await _count(world, service, bound, page)


async def _count(world: World, service: Observed, bound: Bound, request: Request) -> Count:
    """The cheaper of two tries: the first on a new connection costs what later ones do not.

    What repeats counts of both: no connection is the reason of that, but something that a process knows afterwards.
    """
    counts = [await _once(world, service, bound, request) for _ in range(2)]
    most = max(counts, key=lambda one: one.repeated)
    cheaper = min(counts, key=lambda one: (one.statements, one.rows))
    return replace(cheaper, repeated=most.repeated, asked=most.asked)


async def _once(world: World, service: Observed, bound: Bound, request: Request) -> Count:
    reply = await world.asker.send(request)
    things = carried(bound, reply) if 200 <= reply.status < 300 else None
    asked = service.asked[-1]
    queries = asked.queries
    shown = len(things) if isinstance(things, list) else 0
    rows = max((one.rows for one in queries if not _of_many(one.text)), default=0)
    frequent = Counter(one.text for one in queries).most_common(1)
    return Count(shown, len(queries), rows, frequent[0][1] if frequent else 0, asked)


def _of_many(text: str) -> bool:
    """True for a statement about the rows of a page together: what belongs to them may be more than they are."""
    return "any(" in text.lower().replace(" ", "") or " in (" in text.lower()


def _most_repeated(asked: Asked) -> str:
    texts = [one.text for one in asked.queries]
    most = max(set(texts), key=texts.count) if texts else ""
    return f"{texts.count(most)} times {' '.join(most.split())[:200]}"


async def _grow(world: World, bound: Bound, need: Need, first: Row, wanted: int) -> None:
    """Rows like the first, so that whatever lists the first lists them too, until there are so many."""
    table = first.table
    single = [set(one.columns) for one in table.uniques] + [set(table.primary_key)]
    linked = {step.link for step in bound.path if step.link} | {one.here for one in bound.guards}
    linked |= {bound.owner} if bound.owner else set()
    kept = linked | {name for one in bound.filters for name in one.columns if not any(name in one for one in single)}
    alike = {name: first.values[name] for name in kept if name and first.values.get(name) is not None}
    for number in range(wanted - len(world.asker.store.keys(table))):
        values = dict(alike)
        for key in table.foreign_keys:
            column = key.columns[0]
            if len(key.columns) > 1 or column in values or first.values.get(column) is None:
                continue
            # A parent for every few rows: one that all share could be read once, and hide what each row costs.
            alone = any(column in columns for columns in single)
            values[column] = (await _parent(world, need, key, fresh=alone or number % 4 == 0)).values[key.referenced[0]]
        if any(columns <= alike.keys() for columns in single):
            raise NoRow(f"each row of {table.name} needs others of its own")
        world.asker.store.seed(table.name, values)


async def _parent(world: World, need: Need, key: ForeignKey, *, fresh: bool) -> Row:
    accounts = world.binding.accounts
    if fresh and accounts is not None and key.table == accounts.table:
        return world.asker.store.seed(key.table, {})
    return await world.row(key.table, need.caller, fresh=fresh)


def _limit(bound: Bound) -> tuple[str, int] | None:
    """The parameter that says how many rows a page has, and the most that it takes."""
    if bound.paging is None or not bound.paging.limit_parameter:
        return None
    return bound.paging.limit_parameter, bound.paging.maximum
