"""Whether a list comes in the order that was asked for, on every page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from agent.checklist.probe.asked_list import FEW, AskedList, Thing, said
from agent.checklist.probe.filtering import rank
from agent.checklist.probe.requests import plain
from agent.checklist.probe.store import comparable
from agent.checklist.probe.turning import wrongly_turned


async def judge_sorting(one: AskedList) -> None:
    """Ask for each order, upwards and downwards, whole and page by page."""
    sorting = one.bound.sorting
    table = one.world.catalog.table(one.bound.table)
    if sorting is None or table is None:
        return
    for name, column in sorting.columns.items():
        if not comparable(table.column(column)):
            continue
        for descending in (False, True):
            query = {sorting.parameter: sorting.spelt(name, descending=descending)}
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
            pages = await one.everything("filtering", query, size=FEW) if not problem else None
            if pages is not None:
                problem = wrongly_turned(one, pages, things)
            if problem:
                one.found.note("filtering", f"{said(query)}: {problem}", request)
                return


def _wrongly_sorted(one: AskedList, column: str, things: Sequence[Thing], *, descending: bool) -> str:
    missing = {one.name(thing) for thing in one.things} - {one.name(thing) for thing in things}
    if missing:
        return f"{len(missing)} rows are missing in this order"
    values = [value for thing in things if (value := one.value(thing, column)) is not None]
    values = values[::-1] if descending else values
    faults = [_disorder(values, rank) for rank in _ranks(one, column)]
    return "" if not all(faults) else faults[0]


def _ranks(one: AskedList, column: str) -> list[Callable[[Any], Any]]:
    """How values of a column may be ordered: choices as they are declared, or as the texts that they are."""
    table = one.world.catalog.table(one.bound.table)
    known = table.column(column) if table else None
    enum = one.world.catalog.enum(known.enum) if known and known.enum else None
    return [rank] if enum is None else [rank, {name: at for at, name in enumerate(enum.values)}.get]


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
