"""Integration tests of numbers that the contract lets have places, and whose column does not."""

from __future__ import annotations

from collections.abc import Iterator

from agent.binding.model import Action, Bound
from agent.stacks.python_fastapi.project.scenario import Scenario, arrangement, ask, name_of, sender
from agent.stacks.python_fastapi.project.shape import Shape, declared
from agent.stacks.python_fastapi.project.source import Code, literal
from agent.stacks.python_fastapi.project.writing import assigned, request_body

_OTHERS = 13
"""Which example values stand in the rest of the body."""


def not_whole(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """A number with places is refused by name, not rounded."""
    found = next((field for field in bound.body if field.conversion == "whole"), None)
    if found is None or bound.action not in (Action.CREATE, Action.REPLACE, Action.PATCH):
        return
    made = arrangement(shape, bound)
    if bound.action is Action.CREATE:
        made.parents(bound)
    else:
        made.item(bound)
    body = {**request_body(shape, bound, made, made.above, _OTHERS), found.property: Code("1.5")}
    yield Scenario(
        f"{name_of(bound)}_does_not_round",
        f"`{found.property}` is stored whole: one with places is refused.",
        [*made.lines, assigned(body)],
        ask(shape, bound, made.path, body=Code("body"), headers=sender(shape, bound)),
        declared(bound.operation, 422, 400),
        [f"assert {literal(found.property)} in response.text"],
    )
