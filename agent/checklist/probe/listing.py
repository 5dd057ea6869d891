"""Lists judged by real rows: what a filter lets through, how a sort orders, what stands on which page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from agent.binding.model import Bound, Filter, Meta
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.asking import answered, carried
from agent.checklist.probe.exchange import prepared
from agent.checklist.probe.judging import excerpt
from agent.checklist.probe.requests import Request, plain
from agent.checklist.probe.store import NoRow, Row, comparable
from agent.checklist.probe.values import same, to_json
from agent.checklist.probe.world import World
from agent.checklist.running import Reply

_ROWS = 7
_FEW = 3
"""Rows a page, when pages are turned."""
_MOST_PAGES = 60
_SEEDED = 300
"""The most rows that are made to see a limit enforced."""
_WITHOUT_MAXIMUM = 1_000
"""Where the contract names no largest page: a page of more rows than that has none."""

Thing = Mapping[str, Any]


@dataclass(slots=True)
class Listed:
    """What was noticed about one list."""

    filtering: list[str] = field(default_factory=list)
    """Breaches of API-FILTER."""
    paging: list[str] = field(default_factory=list)
    """Breaches of API-PAGE."""
    envelope: list[str] = field(default_factory=list)
    """Breaches of API-ENVELOPE."""
    judged: list[str] = field(default_factory=list)
    """Parameters that could be judged."""
    paged: bool = False
    """The size of a page could be judged."""
    numbered: bool = False
    """Numbers beside the list could be judged."""
    unjudged: list[str] = field(default_factory=list)
    """Parameters that nobody knows the meaning of."""
    reproduce: dict[str, str] = field(default_factory=dict)

    def note(self, where: str, problem: str, request: Request) -> None:
        """Remember a breach, and the first request that shows one."""
        kept: list[str] = getattr(self, where)
        kept.append(problem)
        self.reproduce.setdefault(where, request.curl())


@dataclass(slots=True)
class _List:
    """One list, whoever may ask it, and all things in it."""

    world: World
    bound: Bound
    good: Request
    found: Listed
    things: list[Thing] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)

    async def ask(self, **query: Any) -> tuple[Request, Reply, list[Thing] | None]:
        """Ask with these parameters; None where no list came back."""
        request = replace(self.good, query={**self.good.query, **query})
        reply = await self.world.asker.send(request)
        things = carried(self.bound, reply) if 200 <= reply.status < 300 else None
        return request, reply, [one for one in things if isinstance(one, dict)] if isinstance(things, list) else None

    async def everything(
        self, where: str, query: Mapping[str, Any] = MappingProxyType({}), *, size: int | None = None
    ) -> list[Thing] | None:
        """All pages one after the other; None, and a note, when one of them is no list."""
        paging = self.bound.paging
        limit = size or (min(paging.maximum, 100) if paging else 0)
        if paging is None or not paging.page_parameter:
            wanted = {paging.limit_parameter: limit} if paging and paging.limit_parameter else {}
            return await self._page(where, {**query, **wanted})
        whole: list[Thing] = []
        for number in range(_MOST_PAGES):
            at = number + paging.first if paging.style == "page" else number * limit
            sizes = {paging.limit_parameter: limit} if paging.limit_parameter else {}
            page = await self._page(where, {**query, **sizes, paging.page_parameter: at})
            if page is None:
                return None
            whole += page
            if len(page) < (limit if paging.limit_parameter else 1):
                break
            if paging.style == "offset" and not paging.limit_parameter:
                break
        return whole

    def name(self, thing: Thing) -> str:
        """What tells one thing from the others."""
        table = self.world.catalog.table(self.bound.table)
        keys = table.primary_key if table else ()
        named = [one.property for one in self.bound.answer if one.column in keys and one.embedded is None]
        if named and len(named) == len(keys):
            return "/".join(plain(thing.get(name)) for name in named)
        return plain(dict(sorted(thing.items(), key=lambda item: item[0])))

    def value(self, thing: Thing, column: str) -> Any:
        """A column of the row behind a thing, as JSON; from the thing itself where the row is not known."""
        row = self.rows.get(self.name(thing))
        if row is not None and column in row.values:
            return to_json(row.values[column])
        known = next((one.property for one in self.bound.answer if one.column == column and one.embedded is None), "")
        return thing.get(known)

    async def _page(self, where: str, query: Mapping[str, Any]) -> list[Thing] | None:
        request, reply, things = await self.ask(**query)
        if things is None:
            self.found.note(where, f"{_said(query)}: expected a list, got {reply.status} {excerpt(reply)}", request)
        return things


async def judge_list(world: World, bound: Bound) -> Listed:
    """Fill the table, then filter, sort and turn the pages of one list."""
    found = Listed()
    try:
        prepared_for = await prepared(world, bound)
    except (NoCredentials, NoRow) as error:
        for problems in (found.filtering, found.paging, found.envelope):
            problems.append(f"could not be asked: {error}")
        return found
    one = _List(world, bound, prepared_for.request, found)
    template = prepared_for.need.row
    _fill(world, bound, template, _ROWS)
    things = await one.everything("filtering")
    if things is None:
        return found
    one.things = things
    _know_rows(one)
    if _varied(one):
        one.things = await one.everything("filtering") or things
        _know_rows(one)
    for narrowing in bound.filters:
        await _filtered(one, narrowing)
    await _sorted(one)
    await _turned(one)
    await _sizes(one, template)
    known = {*found.judged, *_of_paging(bound)}
    known |= {bound.sorting.direction_parameter} if bound.sorting else set()
    found.unjudged = [p.name for p in bound.operation.parameters if p.location == "query" and p.name not in known]
    return found


def _of_paging(bound: Bound) -> set[str]:
    return {bound.paging.page_parameter, bound.paging.limit_parameter} if bound.paging else set()


def _fill(world: World, bound: Bound, template: Row | None, count: int) -> None:
    """More rows like one that is known: of the same owner, below the same parents, else made up; half of them alike."""
    table = world.catalog.table(bound.table)
    if table is None or template is None or template.table.name != table.name:
        return
    alone = {column for unique in (table.primary_key, *(one.columns for one in table.uniques)) for column in unique[:1]}
    shared = {name for key in table.foreign_keys for name in key.columns}
    shared |= {bound.owner} if bound.owner else set()
    fixed = {name: template.values[name] for name in shared - set(table.primary_key) if name in template.values}
    with suppress(NoRow):
        world.asker.store.seed(table.name, fixed, count=count - count // 2)
    sorts = set(bound.sorting.columns.values()) if bound.sorting else set()
    alike = {name: template.values[name] for name in sorts - alone if name in template.values and table.column(name)}
    generated = {column.name for column in table.columns if column.generated}
    with suppress(NoRow):
        world.asker.store.seed(
            table.name, {**fixed, **{k: v for k, v in alike.items() if k not in generated}}, count=count // 2
        )


def _know_rows(one: _List) -> None:
    table = one.world.catalog.table(one.bound.table)
    keys = {field.column: field.property for field in one.bound.answer if field.embedded is None}
    if table is None or not table.primary_key or not set(table.primary_key) <= keys.keys():
        return
    for thing in one.things:
        row = one.world.asker.store.find(table, {name: thing.get(keys[name]) for name in table.primary_key})
        if row is not None:
            one.rows[one.name(thing)] = row


def _varied(one: _List) -> bool:
    """Give the rows different values in the switches and choices that the list can be narrowed by."""
    varied = False
    table = one.world.catalog.table(one.bound.table)
    for name in {name for narrowing in one.bound.filters for name in narrowing.columns}:
        column = table.column(name) if table else None
        if column is None or column.array or column.generated:
            continue
        enum = one.world.catalog.enum(column.enum) if column.enum else None
        choices = list(enum.values) if enum else [True, False] if column.base_type == "bool" else []
        for number, row in enumerate(one.rows.values() if choices else ()):
            varied = one.world.asker.store.change(row, {name: choices[number % len(choices)]}) is not None or varied
    return varied


async def _filtered(one: _List, narrowing: Filter) -> None:
    table = one.world.catalog.table(one.bound.table)
    columns = [name for name in narrowing.columns if table and comparable(table.column(name))]
    if len(columns) != len(narrowing.columns) or not one.things:
        return
    values = {plain(one.value(thing, name)): one.value(thing, name) for thing in one.things for name in columns}
    for value in [found for found in values.values() if found is not None and found != ""][:_FEW]:
        wanted = (
            value[: max(1, len(value) // 2)] if narrowing.comparison == "contains" and isinstance(value, str) else value
        )
        wanted = wanted[:10] if narrowing.conversion == "date" and isinstance(wanted, str) else wanted
        request, reply, _ = await one.ask(**{narrowing.parameter: wanted})
        if reply.status in (400, 422):
            continue  # the contract allows other values than the table holds
        one.found.judged.append(narrowing.parameter)
        things = await one.everything("filtering", {narrowing.parameter: wanted})
        if things is None:
            return
        problem = _wrongly_filtered(one, narrowing, wanted, things)
        if problem:
            one.found.note("filtering", f"{narrowing.parameter}={plain(wanted)}: {problem}", request)
            return


def _wrongly_filtered(one: _List, narrowing: Filter, wanted: Any, things: Sequence[Thing]) -> str:
    got = {one.name(thing) for thing in things}
    expected = {one.name(thing) for thing in one.things if _passes(one, thing, narrowing, wanted)}
    too_many, missing = got - expected, expected - got
    if too_many:
        return f"{len(too_many)} of {len(got)} rows do not match, such as {sorted(too_many)[0]}"
    return (
        f"{len(missing)} of {len(expected)} matching rows are missing, such as {sorted(missing)[0]}" if missing else ""
    )


def _passes(one: _List, thing: Thing, narrowing: Filter, wanted: Any) -> bool:
    for column in narrowing.columns:
        held = one.value(thing, column)
        if held is None:
            continue
        if narrowing.conversion == "date" and isinstance(held, str):
            held = held[:10]
        match narrowing.comparison:
            case "equal" | "any of" if same(held, wanted):
                return True
            case "contains" if str(wanted).casefold() in str(held).casefold():
                return True
            case "at least" | "above" | "below" | "at most" if _compares(narrowing.comparison, held, wanted):
                return True
            case _:
                continue
    return False


def _compares(how: str, held: Any, wanted: Any) -> bool:
    left, right = _rank(held), _rank(wanted)
    if how in ("at least", "at most") and same(held, wanted):
        return True
    return left > right if how in ("at least", "above") else left < right


def _rank(value: Any) -> tuple[int, float, str]:
    """Numbers before texts, as a sort within one column needs it."""
    if isinstance(value, bool | int | float):
        return (0, float(value), "")
    try:
        return (0, float(value), "")
    except (TypeError, ValueError):
        return (1, 0.0, str(value))


async def _sorted(one: _List) -> None:
    sorting = one.bound.sorting
    table = one.world.catalog.table(one.bound.table)
    if sorting is None or table is None:
        return
    for name, column in sorting.columns.items():
        if not comparable(table.column(column)):
            continue
        for descending in (False, True):
            query = {sorting.parameter: f"-{name}" if descending and not sorting.direction_parameter else name}
            if sorting.direction_parameter:
                query[sorting.direction_parameter] = "desc" if descending else "asc"
            request, reply, _ = await one.ask(**query)
            if reply.status in (400, 422):
                continue  # the contract offers this one in the other direction only
            things = await one.everything("filtering", query)
            if things is None:
                return
            one.found.judged.append(sorting.parameter)
            problem = _wrongly_sorted(one, column, things, descending=descending)
            pages = await one.everything("filtering", query, size=_FEW) if not problem else None
            if pages is not None:
                problem = _wrongly_turned(one, pages, things)
            if problem:
                one.found.note("filtering", f"{_said(query)}: {problem}", request)
                return


def _wrongly_sorted(one: _List, column: str, things: Sequence[Thing], *, descending: bool) -> str:
    missing = {one.name(thing) for thing in one.things} - {one.name(thing) for thing in things}
    if missing:
        return f"{len(missing)} rows are missing in this order"
    values = [value for thing in things if (value := one.value(thing, column)) is not None]
    values = values[::-1] if descending else values
    faults = [_disorder(values, rank) for rank in _ranks(one, column)]
    return "" if not all(faults) else faults[0]


def _ranks(one: _List, column: str) -> list[Callable[[Any], Any]]:
    """How values of a column may be ordered: choices as they are declared, or as the texts that they are."""
    table = one.world.catalog.table(one.bound.table)
    known = table.column(column) if table else None
    enum = one.world.catalog.enum(known.enum) if known and known.enum else None
    return [_rank] if enum is None else [_rank, {name: at for at, name in enumerate(enum.values)}.get]


def _disorder(values: Sequence[Any], rank: Callable[[Any], Any]) -> str:
    """Two neighbours that stand in the wrong order; empty when there are none that every collation orders alike."""
    for before, after in pairwise(values):
        texts = isinstance(before, str) and isinstance(after, str)
        if texts and not (_plain_text(before) and _plain_text(after)):
            continue
        if rank(before) > rank(after):
            return f"{plain(before)} stands on the wrong side of {plain(after)}"
    return ""


def _plain_text(value: Any) -> bool:
    text = str(value)
    return (
        text.isascii()
        and (text.replace("-", "").replace(":", "").replace(".", "").replace("+", "").isalnum())
        and (text == text.lower() or text == text.upper())
    )


async def _turned(one: _List) -> None:
    if one.bound.paging is None or not one.bound.paging.page_parameter:
        return
    pages = await one.everything("filtering", size=_FEW)
    if pages is None:
        return
    one.found.judged.append(one.bound.paging.page_parameter)
    problem = _wrongly_turned(one, pages, one.things)
    if problem:
        request, _, _ = await one.ask(**{one.bound.paging.page_parameter: one.bound.paging.first})
        one.found.note("filtering", f"page after page of {_FEW}: {problem}", request)
    await _totals(one)


def _wrongly_turned(one: _List, pages: Sequence[Thing], whole: Sequence[Thing]) -> str:
    turned = [one.name(thing) for thing in pages]
    twice = sorted({name for name in turned if turned.count(name) > 1})
    if twice:
        return f"{twice[0]} stands on two pages"
    missing = {one.name(thing) for thing in whole} - set(turned)
    return f"{len(missing)} rows stand on no page, such as {sorted(missing)[0]}" if missing else ""


async def _totals(one: _List) -> None:
    """The numbers beside the list."""
    paging = one.bound.paging
    assert paging is not None
    second = paging.first + 1 if paging.style == "page" else _FEW
    query = {paging.page_parameter: second} | ({paging.limit_parameter: _FEW} if paging.limit_parameter else {})
    request, reply, things = await one.ask(**query)
    if things is None:
        return
    expected = {Meta.TOTAL: len(one.things)}
    if paging.limit_parameter:
        expected |= {Meta.LIMIT: _FEW, Meta.PAGES: -(-len(one.things) // _FEW)}
    expected |= {Meta.PAGE: second} if paging.style == "page" else {Meta.OFFSET: second}
    for path, meaning in one.bound.envelope.meta.items():
        got = answered(reply)
        for name in path:
            got = got.get(name) if isinstance(got, dict) else None
        one.found.numbered = one.found.numbered or meaning in expected
        if meaning in expected and got != expected[meaning]:
            where = ".".join(path)
            one.found.note(
                "envelope", f"{where} with {_said(query)}: expected {expected[meaning]}, got {got!r}", request
            )


async def _sizes(one: _List, template: Row | None) -> None:
    """The default size of a page, and the largest that is honoured."""
    paging = one.bound.paging
    if paging is None or not paging.limit_parameter:
        return
    schema = next((p.schema for p in one.bound.operation.parameters if p.name == paging.limit_parameter), {})
    resolved = one.world.asker.contract.resolve(schema)
    default, maximum = resolved.get("default"), resolved.get("maximum")
    wanted = max(default if isinstance(default, int) else 0, maximum if isinstance(maximum, int) else _WITHOUT_MAXIMUM)
    _fill(one.world, one.bound, template, min(wanted + 5, _SEEDED if maximum else _WITHOUT_MAXIMUM + 50))
    await _default_size(one, default if isinstance(default, int) else None, maximum)
    await _largest_size(one, maximum if isinstance(maximum, int) else None)


async def _default_size(one: _List, default: int | None, maximum: Any) -> None:
    request, reply, things = await one.ask()
    if things is None:
        one.found.note("paging", f"without a limit: expected a list, got {reply.status} {excerpt(reply)}", request)
        return
    most = default or (maximum if isinstance(maximum, int) else _WITHOUT_MAXIMUM)
    one.found.paged = True
    if len(things) > most:
        one.found.note("paging", f"without a limit: {len(things)} rows, expected {most} at most", request)


async def _largest_size(one: _List, maximum: int | None) -> None:
    """A page that is larger than the largest: refused, or cut."""
    paging = one.bound.paging
    assert paging is not None
    most = maximum or _WITHOUT_MAXIMUM
    for asked in (most + 1, most * 1000):
        request, reply, things = await one.ask(**{paging.limit_parameter: asked})
        said = f"{paging.limit_parameter}={asked}"
        if things is not None and len(things) > most:
            one.found.note("paging", f"{said}: {len(things)} rows, although {most} are the most", request)
            return
        if things is None and reply.status not in (400, 422):
            got = f"{reply.status} {excerpt(reply)}"
            one.found.note("paging", f"{said}: expected 400 or 422, or {most} rows at most, got {got}", request)
            return


def _said(query: Mapping[str, Any]) -> str:
    return "&".join(f"{name}={plain(value)}" for name, value in query.items()) or "without parameters"
