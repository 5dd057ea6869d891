"""The states that a row could be in, for operations that refuse it as it is; which they want is said in prose only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from agent.catalog.model import Catalog, Column, Table
from agent.checklist.probe.store import comparable

_MOST = 16
"""Combinations of two enumerations or switches that are gone through."""
_APART = 3
"""Numbers of which one is large while the others are none."""
_PLENTY = 10_000
_NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})
_MOMENTS = frozenset({"date", "timestamp", "timestamptz"})


def states(catalog: Catalog, table: Table) -> Iterator[Mapping[str, Any]]:
    """Values of some of its columns, each to be written over the last: the database may refuse them.

    First the values of its enumerations and switches, then plenty of everything with nothing begun or ended, plenty of
    one thing alone, and with plenty of everything the enumerations again.
    """
    chosen = list(_combinations(catalog, table))
    yield from chosen
    numbers = [one for one in _free(table) if one.base_type in _NUMBERS]
    empty = dict.fromkeys(one.name for one in _free(table) if one.base_type in _MOMENTS and one.nullable)
    plenty = {one.name: _plenty(one) for one in numbers}
    if not plenty and not empty:
        return
    yield {**plenty, **empty}
    for one in numbers[:_APART] if len(numbers) > 1 else ():
        yield {**dict.fromkeys(plenty, 0), one.name: _plenty(one)}
    yield from ({**plenty, **empty, **state} for state in chosen)


def _combinations(catalog: Catalog, table: Table) -> Iterator[dict[str, Any]]:
    choices: list[list[tuple[str, Any]]] = []
    for column in table.columns:
        enum = catalog.enum(column.enum) if column.enum and not column.array else None
        if enum is not None:
            choices.append([(column.name, value) for value in enum.values])
        elif column.base_type == "bool" and comparable(column):
            choices.append([(column.name, value) for value in (True, False)])
    for number, state in enumerate(product(*choices[:2])):
        if number == _MOST or not state:
            return
        yield dict(state)


def _free(table: Table) -> Iterator[Column]:
    """Columns that mean nothing but themselves."""
    bound = {*table.primary_key, *(name for key in table.foreign_keys for name in key.columns)}
    yield from (one for one in table.columns if one.name not in bound and not one.generated and comparable(one))


def _plenty(column: Column) -> int:
    if column.numeric_precision is None:
        return _PLENTY
    digits = column.numeric_precision - (column.numeric_scale or 0)
    return min(_PLENTY, int("0" + "9" * digits))
