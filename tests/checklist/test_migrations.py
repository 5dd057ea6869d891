"""Which way migrations are gone through."""

from __future__ import annotations

import pytest

from agent.checklist.migrations import steps


@pytest.mark.parametrize("line", [("0001",), ()], ids=["one revision", "no single line"])
def test_what_has_no_stops_goes_up_down_and_up(line: tuple[str, ...]) -> None:
    assert list(map(str, steps(line))) == ["up to the newest", "down to nothing", "up to the newest"]


def test_several_revisions_are_gone_through_one_by_one_and_at_once_in_the_end() -> None:
    assert list(map(str, steps(("0001", "0002", "0003")))) == [
        "up to 0001",
        "up to 0002",
        "up to the newest",
        "down to 0002",
        "down to 0001",
        "down to nothing",
        "up to the newest",
    ]


def test_of_many_revisions_the_newest_are_gone_through_one_by_one() -> None:
    taken = steps(tuple(f"{number:04}" for number in range(500)))
    assert len(taken) < 50
    assert str(taken[0]) == "up to 0480"
    assert "down to 0498" in map(str, taken)
