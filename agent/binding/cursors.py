"""Lists whose pages begin behind a row that a parameter names, or end before one."""

from __future__ import annotations

import re

from agent.binding.columns import column_for, only_key
from agent.binding.converting import conversion
from agent.binding.inputs import Inputs
from agent.binding.model import Comparison, Filter
from agent.binding.querying import in_query, one_of
from agent.binding.reasons import Undecided
from agent.binding.words import snake
from agent.catalog.model import Table
from agent.contract.model import Operation, Parameter

_CURSOR = frozenset(
    {"cursor", "next_cursor", "page_cursor", "start_cursor", "after", "starting_after", "start_after", "after_id"}
    | {
        "page_token",
        "next_token",
        "next_page_token",
        "continuation_token",
        "continuation",
        "marker",
        "exclusive_start_key",
    }
)
_BACK = {
    "after": "before",
    "after_id": "before_id",
    "start_after": "end_before",
    "starting_after": "ending_before",
}
_PREVAILS = re.compile(r"\b(precedence|priority|ignor(?:e|es|ed|ing)|overrid(?:e|es|den|ing))\b", re.IGNORECASE)


def cursor(inputs: Inputs, operation: Operation, table: Table) -> Parameter | None:
    """The parameter that names the row behind which a page begins, None when there is none."""
    found = one_of(in_query(operation), _CURSOR)
    return found if found and _names_a_row(inputs, table, found) else None


def cursor_back(inputs: Inputs, operation: Operation, table: Table) -> Parameter | None:
    """The parameter that names the row before which a page ends, None when none stands beside its `cursor`."""
    forward = cursor(inputs, operation, table)
    name = _BACK.get(snake(forward.name), "") if forward else ""
    found = one_of(in_query(operation), frozenset({name}))
    return found if found and _names_a_row(inputs, table, found) else None


def _names_a_row(inputs: Inputs, table: Table, asked: Parameter) -> bool:
    said = inputs.shape(asked.schema)
    free = said.format not in {"date", "date-time", "time"} and not said.values
    return free and column_for(table, asked.name, said) is None


def named_row(inputs: Inputs, table: Table, asked: Parameter, comparison: Comparison) -> Filter:
    """The rows behind the one that is named, or before it, in the order of keys."""
    key = only_key(table)
    if key is None:
        raise Undecided(f"`{asked.name}` names one row, and `{table.name}` has no key of one column")
    between = conversion(inputs.contract, inputs.catalog, key, asked.name, inputs.shape(asked.schema), writes=True)
    return Filter(asked.name, (key.name,), comparison, between)


def demand_one_way(inputs: Inputs, forward: Parameter, back: Parameter) -> None:
    """Raise `Undecided` where it cannot be refused that both parameters are sent at once."""
    for one in (forward, back):
        if one.required or inputs.shape(one.schema).has_default:
            raise Undecided(f"`{one.name}` is always there, and `{forward.name}` and `{back.name}` exclude each other")
        if _PREVAILS.search(one.description):
            raise Undecided(f"`{one.name}` says what `{forward.name}` and `{back.name}` mean together, in words only")
