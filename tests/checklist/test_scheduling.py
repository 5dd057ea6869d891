"""The order of checks: by turn, the dearest first, a few at a time, and the last ones alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.checklist.check import Check, Turn
from agent.checklist.checklist import CHECKS
from agent.checklist.scheduling import AT_ONCE, QUICK, run_all, to_run
from agent.rulebook.model import Gate


async def _nothing(_: Case, __: Owing, ___: Bench) -> Found:
    return Found(())


def check(name: str, seconds: float, turn: Turn = Turn.BESIDE) -> Check:
    return Check(name, Gate.LINT, {}, _nothing, seconds, turn=turn)


async def begun(checks: Sequence[Check]) -> list[tuple[str, int]]:
    """Each check in the order in which they began, and how many ran then, itself included."""
    order: list[tuple[str, int]] = []
    running = 0

    async def run(one: Check) -> None:
        nonlocal running
        running += 1
        order.append((one.name, running))
        await asyncio.sleep(0.01)
        running -= 1

    await run_all(checks, run)
    return order


async def test_the_dearest_begin_first() -> None:
    order = await begun([check("cheap", 3), check("dear", 9), check("middling", 5)])
    assert [name for name, _ in order] == ["dear", "middling", "cheap"]


async def test_quick_answers_are_given_at_once_beside_the_others_the_quickest_first() -> None:
    dear = [check(f"dear {number}", 9 + number) for number in range(AT_ONCE + 1)]
    order = [name for name, _ in await begun([*dear, check("quick", QUICK), check("quicker", 0.1)])]
    assert order.index("quicker") < order.index("quick") < order.index("dear 0")
    assert order.index("quicker") < AT_ONCE + 1


async def test_quick_answers_that_need_a_service_come_after_those_that_only_read() -> None:
    order = await begun([check("dear", 9), asking("asks"), check("reads", QUICK)])
    assert [name for name, _ in order] == ["reads", "dear", "asks"]


async def test_only_a_few_run_at_a_time() -> None:
    order = await begun([check(str(number), 1) for number in range(3 * AT_ONCE)])
    assert max(running for _, running in order) == AT_ONCE
    order = await begun([check(str(number), 3) for number in range(3 * AT_ONCE)])
    assert max(running for _, running in order) == AT_ONCE


async def test_those_that_judge_what_others_were_answered_come_after_them_and_those_that_measure_run_alone() -> None:
    order = await begun(
        [
            check("measuring", 9, Turn.ALONE),
            check("measuring too", 8, Turn.ALONE),
            check("judging answers", 7, Turn.AFTER),
            check("asking", 1),
            check("asking too", 1),
        ]
    )
    assert [name for name, _ in order] == ["asking", "asking too", "judging answers", "measuring", "measuring too"]
    assert [running for _, running in order][2:] == [1, 1, 1]


async def test_an_error_ends_the_others() -> None:
    ended: list[str] = []

    async def run(one: Check) -> None:
        if one.name == "broken":
            raise ValueError("broken")
        try:
            await asyncio.sleep(10)
        finally:
            ended.append(one.name)

    with pytest.raises(ExceptionGroup):
        await run_all([check("patient", 2), check("broken", 1)], run)
    assert ended == ["patient"]


def test_checks_have_names_of_their_own_and_no_rule_has_two() -> None:
    names = [one.name for one in CHECKS]
    rules = [rule for one in CHECKS for rule in one.rules]
    assert len(set(names)) == len(names)
    assert len(set(rules)) == len(rules)


def asking(name: str, turn: Turn = Turn.BESIDE) -> Check:
    return Check(name, Gate.LINT, {}, _nothing, 1, "a service of its own", turn=turn)


def test_what_has_settled_need_not_run() -> None:
    checks = (check("a", 1), asking("b"), asking("answers", Turn.AFTER))
    assert [one.name for one in to_run(checks, {"b", "answers"})] == ["a"]


def test_whoever_judges_the_answers_of_others_needs_all_of_them_again() -> None:
    checks = (check("reads", 1), asking("asks"), asking("answers", Turn.AFTER), check("measures", 1, Turn.ALONE))
    assert [one.name for one in to_run(checks, {"reads", "asks", "measures"})] == ["asks", "answers"]
