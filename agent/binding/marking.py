"""Rows that are marked as removed instead of being deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from agent.binding.converting import TEMPORAL
from agent.binding.model import Mark
from agent.binding.reasons import Undecided
from agent.binding.words import snake
from agent.catalog.model import Catalog, Column, Table
from agent.contract.model import Contract, Operation

REMOVED = frozenset({"deleted_at", "deleted_on", "removed_at", "removed_on", "is_deleted", "deleted", "is_removed"})
"""Columns that only a removed row has a value in, or that are true for it."""
_ARCHIVED = frozenset({"archived_at", "archived_on", "is_archived"})
"""The same, unless the contract speaks of the archive elsewhere than where it removes."""
_FOR_GOOD = re.compile(r"\b(?:permanent\w*|irrevers\w*|irrevocabl\w*|purg\w+|hard[- ]delet\w+)\b", re.IGNORECASE)
_GONE = re.compile(r"\b(?:deleted|removed|archived|trash(?:ed)?)\b", re.IGNORECASE)
_WITHOUT = re.compile(r"\b(?:not|no|never|without|exclud\w+|except|unless|leav\w+ out|hid\w+)\b|n't\b", re.IGNORECASE)
_LIVING = ("({} IS NULL)", "(NOT {})", "({} = false)", "({} IS NOT TRUE)", "({} IS FALSE)")
"""What the server prints of an index over rows that are not marked."""


def marks_of(contract: Contract, catalog: Catalog) -> dict[str, Mark]:
    """Table → how its removed rows are told from the others; tables whose rows are deleted are left out."""
    names = REMOVED if any(map(_of_archive, _names(contract.document))) else REMOVED | _ARCHIVED
    found = {table.name: _mark(table, names) for table in catalog.tables}
    return {name: mark for name, mark in found.items() if mark is not None}


def removed_mark(table: Table) -> Mark | None:
    """How removed rows are told from the others, whatever a contract says; None where nothing does."""
    return _mark(table, REMOVED)


def only_among_living(table: Table, definition: str) -> bool:
    """True for an index that holds exactly the rows that are not marked as removed."""
    mark, (_, _, predicate) = removed_mark(table), definition.partition(" WHERE ")
    return mark is not None and any(predicate == one.format(name) for name in mark.columns for one in _LIVING)


def demand_removal(table: Table, mark: Mark | None, operation: Operation) -> None:
    """Raise `Undecided` where nothing says whether a removal deletes rows or marks them."""
    odd = sorted(column.name for column in table.columns if snake(column.name) in REMOVED)
    if mark is None and odd:
        raise Undecided(f"`{table.name}` has `{odd[0]}`: nothing says whether rows are removed or marked")
    if mark is not None and _FOR_GOOD.search(_text(operation)):
        raise Undecided(f"rows are removed for good, although `{table.name}` has `{mark.columns[0]}`")


def demand_living(table: Table, mark: Mark | None, operation: Operation) -> None:
    """Raise `Undecided` for reading that may be about removed rows, too."""
    text = _text(operation)
    if mark is not None and _GONE.search(text) and not _WITHOUT.search(text):
        raise Undecided(f"it speaks of removed rows of `{table.name}`, and nothing says whether it shows them")


def _text(operation: Operation) -> str:
    return f"{operation.summary} {operation.description}"


def _mark(table: Table, names: frozenset[str]) -> Mark | None:
    known = [column for column in table.columns if snake(column.name) in names]
    moments = tuple(one.name for one in known if _is_moment(one))
    switches = {one.name: one.nullable for one in known if _is_switch(one)}
    return Mark(moments, switches) if moments or switches else None


def _is_moment(column: Column) -> bool:
    plain = not (column.array or column.generated)
    return column.base_type in TEMPORAL and plain and column.nullable and column.default is None


def _is_switch(column: Column) -> bool:
    return column.base_type == "bool" and not column.array and not column.generated and column.default == "false"


def _of_archive(name: str) -> bool:
    return "archiv" in name.lower()


def _names(node: object) -> Iterator[str]:
    """Everything that the document names: properties, parameters, paths."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield str(key)
            if key == "name" and isinstance(value, str):
                yield value
            yield from _names(value)
    elif isinstance(node, list):
        for one in node:
            yield from _names(one)
