"""The quick answer after an edit: what is quick by itself is asked anew, and of the tests those that ran what changed.

It says what fails, or that nothing was found so far. It is no verdict: what it does not ask stays unchecked, and the
tests that it asks settle nothing unless one of them fails.
"""

from __future__ import annotations

from agent.checklist import tests
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.checklist.check import Check
from agent.checklist.inputs import service_key
from agent.checklist.memory import Memory
from agent.checklist.touching import Chosen, choose, shapes_of
from agent.receipts import Receipt, Verdict
from agent.rulebook.model import Gate
from tools.reports import TestReport

ASKED = ("lint", "types", "layout", "bulk", "depth", "secrets", "contract", "errors")
"""The checks that are asked whole."""
_MOST = 40
"""Tests that are asked for an edit; each takes about a tenth of a second beside the others."""
_RULE = "TST-COVER"
_NEVER = "what its tests run was not seen yet: verify it once without --quick"
_NAMED = 5


def touched_tests(memory: Memory | None) -> Check:
    """The check that asks the tests which ran what was edited since all of them were seen."""

    async def settle(case: Case, owing: Owing, bench: Bench) -> Found:
        return await _settle(case, owing, bench, memory)

    return Check("tests", Gate.TESTS, {_RULE: tests.RULES[_RULE]}, settle, 4.0)


def quickly(verdict: Verdict) -> str:
    """What the answer is worth, in words."""
    one = next((one for one in verdict.receipts if one.rule == _RULE), None)
    found = one.found.partition("\n")[0] if one else ""
    told = f"{one.ran}: {found}" if one and one.ran else found
    return f"A quick answer, no verdict. Tests: {told}. Besides: {', '.join(ASKED)}. The rest follows without --quick."


async def _settle(case: Case, owing: Owing, bench: Bench, memory: Memory | None) -> Found:
    ran = memory.recall_ran(service_key(case)) if memory else None
    files = case.workspace.read()
    chosen = choose(ran, shapes_of(files), _MOST) if ran else Chosen(why=_NEVER)
    if ran is None or not chosen.tests:
        return Found(owing.leave(_RULE, f"no test was asked: {chosen.why}"))
    async with bench.empty() as database:
        report = await case.stack.run_tests(case.workspace, database.access, chosen.tests)
    return Found(_judged(owing, chosen, report, len(ran.tests)))


def _judged(owing: Owing, chosen: Chosen, report: TestReport, of: int) -> tuple[Receipt, ...]:
    asked, problems = _told(chosen), tests.failures(report)
    if problems:
        return owing.judge(_RULE, problems, ran=asked, reproduce=tests.pasted(report), seconds=report.seconds)
    if report.crashed:
        return owing.leave(_RULE, f"these tests could not be run alone: {report.crashed}", ran=asked)
    passed = sum(one.outcome == "passed" for one in report.cases)
    return owing.leave(
        _RULE, f"nothing found so far: {passed} tests of {of} pass, the others were not asked", ran=asked
    )


def _told(chosen: Chosen) -> str:
    more = len(chosen.edited) - _NAMED
    return f"the tests that ran {', '.join(chosen.edited[:_NAMED])}{f' and {more} more' if more > 0 else ''}"
