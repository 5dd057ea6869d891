"""Whether a filter lets through what it should, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.binding.model import Filter
from agent.checklist.probe.asked_list import AskedList, Thing
from agent.checklist.probe.requests import plain
from agent.checklist.probe.store import comparable
from agent.checklist.probe.values import same

_TRIED = 3
"""Values of a column that are asked for."""


async def judge_filter(one: AskedList, narrowing: Filter) -> None:
    """Ask for values that the rows hold, and compare what comes with what they hold."""
    table = one.world.catalog.table(one.bound.table)
    columns = [name for name in narrowing.columns if table and comparable(table.column(name))]
    if len(columns) != len(narrowing.columns) or not one.things:
        return
    values = {plain(one.value(thing, name)): one.value(thing, name) for thing in one.things for name in columns}
    for value in [found for found in values.values() if found is not None and found != ""][:_TRIED]:
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


def _wrongly_filtered(one: AskedList, narrowing: Filter, wanted: Any, things: Sequence[Thing]) -> str:
    got = {one.name(thing) for thing in things}
    expected = {one.name(thing) for thing in one.things if _passes(one, thing, narrowing, wanted)}
    too_many, missing = got - expected, expected - got
    if too_many:
        return f"{len(too_many)} of {len(got)} rows do not match, such as {sorted(too_many)[0]}"
    return (
        f"{len(missing)} of {len(expected)} matching rows are missing, such as {sorted(missing)[0]}" if missing else ""
    )


def _passes(one: AskedList, thing: Thing, narrowing: Filter, wanted: Any) -> bool:
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
    left, right = rank(held), rank(wanted)
    if how in ("at least", "at most") and same(held, wanted):
        return True
    return left > right if how in ("at least", "above") else left < right


def rank(value: Any) -> tuple[int, float, str]:
    """Numbers before texts, as a sort within one column needs it."""
    if isinstance(value, bool | int | float):
        return (0, float(value), "")
    try:
        return (0, float(value), "")
    except (TypeError, ValueError):
        return (1, 0.0, str(value))
