"""The ways to ask for one list: plainly, with each of its filters, and sorted. What one branch does says nothing about
another's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from agent.binding.model import Bound, Filter
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import Row
from agent.checklist.probe.values import to_json


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to ask for a list."""

    name: str
    request: Request


def variants(bound: Bound, plain: Request, row: Row | None) -> Iterator[Variant]:
    """The plain request first; filters ask for what the row holds, and are left out where that is not known."""
    yield Variant("plain", plain)
    for one in bound.filters:
        value = _value_of(one, row)
        if value is not None:
            yield Variant(f"with {one.parameter}", replace(plain, query={**plain.query, one.parameter: value}))
    if bound.sorting is not None and bound.sorting.columns:
        name = next(iter(bound.sorting.columns))
        yield Variant(
            "sorted", replace(plain, query={**plain.query, bound.sorting.parameter: bound.sorting.spelt(name)})
        )


def _value_of(one: Filter, row: Row | None) -> Any:
    """A value that finds the row; None when its column is empty, or a filter that leaves it out."""
    if row is None or one.comparison in ("above", "below"):
        return None
    value = next((row.values.get(name) for name in one.columns if row.values.get(name) is not None), None)
    found = to_json(value) if value is not None else None
    return found if isinstance(found, str | int | float) else None
