"""A second verification of the same files asks only what did not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.checklist.case import Case, GateEvent, GateFinished, Owing
from agent.checklist.check import Turn
from agent.checklist.checklist import CHECKS, settle
from agent.checklist.memory import Memory, open_memory
from agent.checklist.remembering import Remembering
from agent.receipts import Measures, Outcome, Verdict
from tests.checklist.conftest import CaseOf

STATIC = ("layout", "lint")


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    memory = open_memory(tmp_path / "memory", "bubblewrap")
    assert memory is not None
    return memory


async def judged(case: Case, memory: Memory | None) -> tuple[Verdict, list[str]]:
    """The verdict of the static checks, and those that said that they had begun."""
    events: list[GateEvent] = []
    verdict = await settle(case, events.append, memory=memory, only=STATIC)
    assert {one.check for one in events if isinstance(one, GateFinished)} == set(STATIC)
    return verdict, [one.check for one in events if not isinstance(one, GateFinished)]


def remembered(verdict: Verdict) -> set[str]:
    return {one.rule for one in verdict.receipts if one.remembered}


async def test_what_held_is_not_asked_again_and_says_so(case_of: CaseOf, memory: Memory) -> None:
    first, asked = await judged(case_of({}), memory)
    assert sorted(asked) == sorted(STATIC)
    assert not remembered(first)
    second, asked_again = await judged(case_of({}), memory)
    assert asked_again == []
    static = {rule for check in CHECKS if check.name in STATIC for rule in check.rules}
    assert remembered(second) == static & {one.rule for one in first.receipts if one.outcome is not Outcome.UNCHECKED}
    assert [(one.obligation, one.outcome) for one in second.receipts] == [
        (one.obligation, one.outcome) for one in first.receipts
    ]


async def test_without_a_memory_everything_is_asked(case_of: CaseOf, memory: Memory) -> None:
    await judged(case_of({}), memory)
    verdict, asked = await judged(case_of({}), None)
    assert sorted(asked) == sorted(STATIC)
    assert not remembered(verdict)


async def test_what_failed_and_what_was_changed_is_asked_again(case_of: CaseOf, memory: Memory) -> None:
    broken = {"src/unused.py": '"""Imports what it does not need."""\n\nimport os\n'}
    first, _ = await judged(case_of(broken), memory)
    assert {one.rule for one in first.failed}
    _, again = await judged(case_of(broken), memory)
    assert again == ["lint"]
    _, mended = await judged(case_of({}), memory)
    assert sorted(mended) == sorted(STATIC)


async def test_nothing_is_kept_of_a_worktree_that_changed_meanwhile(case_of: CaseOf, memory: Memory) -> None:
    case = case_of({})
    owing = Owing.of(case)
    checks = [one for one in CHECKS if one.name == "lint"]
    remembering = Remembering.of(memory, case, owing, checks)
    (case.workspace.root / "src/late.py").write_text("")
    remembering.keep([GateFinished("lint", checks[0].gate, (), Measures(), 0.1)])
    (case.workspace.root / "src/late.py").unlink()
    assert Remembering.of(memory, case, owing, checks).recalled == ()


async def test_what_measures_is_measured_anew(good: Case, memory: Memory) -> None:
    keys = Remembering.of(memory, good, Owing.of(good), CHECKS).keys
    assert set(keys) == {one.name for one in CHECKS if one.turn is not Turn.ALONE}
