"""Writing rows: where every column's value comes from, and which columns are therefore never null."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.binding.columns import event
from agent.binding.converting import TEMPORAL
from agent.binding.drafting import Draft
from agent.binding.model import Action, Fill
from agent.binding.reasons import Undecided
from agent.catalog.model import Catalog, Column, Table

CREATES = frozenset({Action.CREATE, Action.REGISTER})


def filled(draft: Draft, table: Table) -> dict[str, Fill]:
    """Columns that the write sets although nobody sends them: keys, and the moments of creation and change."""
    sent = {one.field.column for one in draft.body}
    return {
        column.name: fill
        for column in table.columns
        if column.name not in sent and (fill := _fill(draft, table, column))
    }


def _fill(draft: Draft, table: Table, column: Column) -> Fill | None:
    if column.generated or column.identity:
        return None
    stamp = event(column.name) if column.base_type in TEMPORAL - {"date"} and not column.array else ""
    if draft.action not in CREATES:
        return "now" if stamp == "updated" else None
    if column.default is not None:
        return None
    if stamp in {"created", "updated"}:
        return "now"
    return "uuid" if table.primary_key == (column.name,) and column.base_type == "uuid" else None


def demand_sources(draft: Draft, table: Table, owner: str | None, fills: Mapping[str, Fill]) -> None:
    """Raise `Undecided` when a column that must have a value may be left without one."""
    if draft.action not in CREATES | {Action.REPLACE}:
        return
    always = {one.field.column for one in draft.body if one.given}
    given = always | set(fills) | {one.link for one in draft.path if one.link} | {owner}
    sent = {one.field.column for one in draft.body}
    lacks = {one.field.column: "say null for" if one.field.unsent_when_null else "leave out" for one in draft.body}
    twice = [one.link for one in draft.path if one.link in sent]
    if twice:
        raise Undecided(f"the column `{twice[0]}` is given by the path and by the body")
    reasons = [
        f"nothing gives the column `{column.name}` of `{table.name}`, which must have a value"
        if column.name not in sent
        else f"the body may {lacks[column.name]} the column `{column.name}` of `{table.name}`, which must have a value"
        for column in table.columns
        if not column.nullable and not column.server_filled and column.name not in given
        if draft.action in CREATES or column.name in sent
    ]
    if reasons:
        raise Undecided(*reasons)


def settled(catalog: Catalog, drafts: Iterable[Draft]) -> dict[str, frozenset[str]]:
    """Nullable columns, by table, that no row written through this API leaves null."""
    by_table: dict[str, list[Draft]] = {table.name: [] for table in catalog.tables}
    for one in drafts:
        by_table[one.table.name].append(one)
    return {table.name: _settled(table, by_table[table.name]) for table in catalog.tables}


def _settled(table: Table, drafts: list[Draft]) -> frozenset[str]:
    creates = [one for one in drafts if one.action in CREATES]
    always = [_always(one, table) for one in creates]
    nulled = {written.field.column for one in drafts for written in one.body if written.nullable}
    replaced = [written for one in drafts if one.action is Action.REPLACE for written in one.body]
    emptied = {written.field.column for written in replaced if not written.given}
    return frozenset(
        column.name
        for column in table.columns
        if column.name not in nulled
        if column.default is not None
        or (column.name not in emptied and always and all(column.name in given for given in always))
    )


def _always(draft: Draft, table: Table) -> set[str]:
    """The columns that this create gives a value to, whatever is sent."""
    given = {one.field.column for one in draft.body if one.given} | set(filled(draft, table))
    return given | {one.link for one in draft.path if one.link}
