"""The holes are graded, each has hidden tests and fills, and nothing of what is hidden stands in what is shown."""

from __future__ import annotations

import ast
import textwrap
from collections import Counter

import pytest

from agent.errors import InputError
from evals.holes.collection import LEVELS, all_holes, holes_named

HOLES = {hole.name: hole for hole in all_holes()}


def test_there_are_thirty_of_graded_difficulty_in_three_services() -> None:
    levels = Counter(hole.level for hole in HOLES.values())
    assert len(HOLES) >= 30
    assert all(levels[level] >= 10 for level in LEVELS)
    assert len({hole.service for hole in HOLES.values()}) == 3
    assert len({hole.kept.kind for hole in HOLES.values()}) >= 10


@pytest.mark.parametrize("name", HOLES)
def test_each_can_be_filled_rightly_and_wrongly(name: str) -> None:
    kept = HOLES[name].kept
    assert len(kept.wrong) >= 2
    for one in kept.wrong:
        assert kept.body.count(one.instead_of) == 1, one.why
        body = kept.body.replace(one.instead_of, one.write)
        assert ast.parse(f"async def fill(self):\n{textwrap.indent(body, '    ')}"), one.why


@pytest.mark.parametrize("name", HOLES)
def test_each_has_hidden_tests_that_say_what_they_expect(name: str) -> None:
    behaviours = HOLES[name].behaviours
    assert len(behaviours) >= 2
    assert all(one.__doc__ for one in behaviours)


def test_a_contract_holds_one_hole_alone() -> None:
    contract = HOLES["warehouse/takeStock"].contract()
    operations = {
        one["operationId"] for item in contract["paths"].values() for one in item.values() if "operationId" in one
    }
    assert "takeStock" in operations
    assert "listProducts" in operations
    assert "reserveProduct" not in operations
    assert "/products/{product_id}/reserve" not in contract["paths"]


def test_holes_are_chosen_by_name_service_or_level() -> None:
    assert [hole.name for hole in holes_named(("rooms/bookRoom",))] == ["rooms/bookRoom"]
    assert {hole.level for hole in holes_named(("hard",))} == {"hard"}
    assert holes_named(()) == tuple(HOLES.values())
    with pytest.raises(InputError, match="no hole, service or level nothing"):
        holes_named(("nothing",))
