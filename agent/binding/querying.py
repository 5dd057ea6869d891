"""Query parameters of an operation, found by their names."""

from __future__ import annotations

from collections.abc import Iterable

from agent.binding.reasons import Undecided
from agent.binding.words import snake
from agent.contract.model import Operation, Parameter


def in_query(operation: Operation) -> list[Parameter]:
    """The parameters in the query."""
    return [one for one in operation.parameters if one.location == "query"]


def one_of(parameters: Iterable[Parameter], names: frozenset[str]) -> Parameter | None:
    """The parameter that has one of the names, None when none has; raises `Undecided` when several have."""
    found = [one for one in parameters if snake(one.name) in names]
    if len(found) > 1:
        raise Undecided(f"query parameters `{found[0].name}` and `{found[1].name}` say the same")
    return found[0] if found else None
