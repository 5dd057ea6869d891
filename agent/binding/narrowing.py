"""What a contract lets clients send, and the columns behind it cannot hold."""

from __future__ import annotations

from agent.binding.model import Binding


def narrowed(binding: Binding) -> tuple[str, ...]:
    """A sentence with the places of all bodies in which numbers with places are refused."""
    places = [
        f"{bound.operation.pointer}/requestBody (`{field.property}`)"
        for bound in binding.operations
        for field in bound.body
        if field.conversion == "whole"
    ]
    said = "`type: number`: the column holds whole numbers, and one with places is refused: "
    return (said + ", ".join(places),) if places else ()
