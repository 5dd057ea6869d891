"""Lists judged by real rows: what a filter lets through, how a sort orders, what stands on which page."""

from __future__ import annotations

from agent.binding.model import Bound
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.alike import make_alike
from agent.checklist.probe.asked_list import AskedList, Listed
from agent.checklist.probe.exchange import prepared
from agent.checklist.probe.filtering import judge_filter
from agent.checklist.probe.sorting import judge_sorting
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.turning import judge_pages, judge_sizes
from agent.checklist.probe.world import World

_ROWS = 7


async def judge_list(world: World, bound: Bound) -> Listed:
    """Fill the table, then filter, sort and turn the pages of one list."""
    found = Listed()
    try:
        prepared_for = await prepared(world, bound)
    except (NoCredentials, NoRow) as error:
        for problems in (found.filtering, found.paging, found.envelope):
            problems.append(f"could not be asked: {error}")
        return found
    one = AskedList(world, bound, prepared_for.request, found)
    template = prepared_for.need.row
    make_alike(world, bound, template, _ROWS)
    things = await one.everything("filtering")
    if things is None:
        return found
    one.things = things
    _know_rows(one)
    if _varied(one):
        one.things = await one.everything("filtering") or things
        _know_rows(one)
    for narrowing in bound.filters:
        await judge_filter(one, narrowing)
    await judge_sorting(one)
    await judge_pages(one)
    await judge_sizes(one, template)
    known = {*found.judged, *_of_paging(bound)}
    known |= {bound.sorting.direction_parameter} if bound.sorting else set()
    found.unjudged = [p.name for p in bound.operation.parameters if p.location == "query" and p.name not in known]
    return found


def _of_paging(bound: Bound) -> set[str]:
    return {bound.paging.page_parameter, bound.paging.limit_parameter} if bound.paging else set()


def _know_rows(one: AskedList) -> None:
    table = one.world.catalog.table(one.bound.table)
    keys = {field.column: field.property for field in one.bound.answer if field.embedded is None}
    if table is None or not table.primary_key or not set(table.primary_key) <= keys.keys():
        return
    for thing in one.things:
        row = one.world.asker.store.find(table, {name: thing.get(keys[name]) for name in table.primary_key})
        if row is not None:
            one.rows[one.name(thing)] = row


def _varied(one: AskedList) -> bool:
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
