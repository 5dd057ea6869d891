"""A model that goes in circles is stopped before it uses up the budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.developer.circling import LOOKS, RETURNS, SAME_CALLS, Step, circling
from tests.developer.conftest import Play
from tests.wire.server import Call, Say

NOTES = "src/services/notes.py"
CHECK = Call("check", {})


def steps(*names: str) -> list[Step]:
    """Steps from `call@tree`."""
    return [Step(*name.split("@")) for name in names]


@pytest.mark.parametrize(
    "made",
    [
        [],
        ["check()@a", "check()@b", "check()@c"],
        ["read(x)@a", "read(y)@a", "read(x)@a"],
        ["edit()@a", "check()@b", "edit()@b", "check()@a"],
    ],
)
def test_work_that_goes_on_is_no_circle(made: list[str]) -> None:
    assert circling(steps(*made)) == ""


def test_the_same_call_on_the_same_files_is_one() -> None:
    assert circling(steps(*["read(x)@a", "read(y)@a"] * (SAME_CALLS - 1))) == ""
    assert "the same call 3 times on the same files: read(x)" in circling(
        steps(*["read(x)@a", "read(y)@a"] * SAME_CALLS)
    )


def test_changes_that_cancel_each_other_are_one() -> None:
    there_and_back = ["edit(1)@a", "edit(2)@b", "edit(3)@a", "edit(4)@b"]
    assert circling(steps(*there_and_back[: RETURNS + 1])) == ""
    assert "cancel each other" in circling(steps(*there_and_back))


async def test_a_model_that_asks_the_same_again_and_again_is_stopped(play: Play) -> None:
    played = await play(*[[Call("read_file", {"path": NOTES})]] * 9)
    assert played.worked.circled
    assert played.worked.failure.startswith("it went in circles: the same call 3 times on the same files: read_file(")
    assert len(played.answers) == SAME_CALLS, "the last answer is recorded, and what it asks for is not done"


async def test_an_edit_that_does_not_fit_is_not_tried_for_ever(play: Play) -> None:
    wrong = [Call("edit_file", {"path": NOTES, "old": "class Notes:", "new": "x"})]
    played = await play(*[wrong] * 9)
    assert played.worked.circled
    assert len(played.answers) == SAME_CALLS


async def test_a_model_that_takes_its_change_back_and_forth_is_stopped(play: Play, folder: Path) -> None:
    there = [Call("write_file", {"path": "notes.md", "content": "a\n"})]
    back = [Call("write_file", {"path": "notes.md", "content": "b\n"})]
    played = await play(*[there, back] * 5)
    assert played.worked.circled
    assert "cancel each other" in played.worked.failure
    assert (folder / "notes.md").exists()


async def test_a_model_that_only_looks_around_is_stopped(play: Play) -> None:
    looks = [[Call("read_file", {"path": NOTES, "first_line": line})] for line in range(1, LOOKS + 5)]
    played = await play(*looks)
    assert played.worked.circled
    assert played.worked.failure == f"it went in circles: after {LOOKS} answers it had not changed anything"
    assert len(played.answers) == LOOKS + 1


async def test_a_model_that_has_changed_something_may_look_for_as_long_as_it_wants(play: Play) -> None:
    change = [Call("write_file", {"path": "notes.md", "content": "a\n"})]
    looks = [[Call("read_file", {"path": NOTES, "first_line": line})] for line in range(1, LOOKS + 5)]
    played = await play(change, *looks, [Say("It is done.")])
    assert not played.worked.circled
    assert played.worked.said == "It is done."


async def test_a_circle_of_one_assignment_does_not_count_in_the_next(play: Play) -> None:
    for _ in range(2):
        played = await play(*[[Call("read_file", {"path": NOTES})]] * (SAME_CALLS - 1))
        assert not played.worked.circled
