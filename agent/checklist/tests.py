"""The gate tests: the workspace's own tests, watched from outside."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Mapping
from dataclasses import replace

from agent.checklist.assertions import plain_name, silent_tests
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.checklist.forgery import forgeries
from agent.checklist.mutants import judging
from agent.checklist.mutants.planning import planned
from agent.checklist.refusals import declared_refusals, provokable, provoked, refusal_problems
from agent.checklist.routes import erased
from agent.checklist.touching import Ran, shapes_of
from agent.contract.model import Contract, Operation
from agent.receipts import Measures, Receipt, TestedOperation, UncoveredFile
from tools.reports import TestReport, Touch

RULES: Mapping[str, str] = {
    "TST-INTEG": "tests: requests that passing tests with an assertion sent, by operation",
    "TST-COVER": "tests: the suite passes and covers more than 80 % of lines and of branches",
    "TST-ERRORS": "tests: every declared refusal that a test can provoke is provoked by a passing one, by operation",
    "TST-DB": "tests: all of them a second time, shuffled, on the database that the first time left behind",
    **judging.RULES,
}

_ENOUGH = 80.0
_MESSAGE = 300


async def settle(case: Case, owing: Owing, bench: Bench) -> Found:
    """Settle what the gate tests owes."""
    order = secrets.randbits(32)
    files = case.workspace.read()
    mutants = planned(files, order)
    changes = judging.as_changes(mutants, case.effort.mutant_seconds)
    async with bench.empty() as database:
        report = await case.stack.run_tests(case.workspace, database.access)
        again = report  # what could not be run, or ran out of time, would do so again
        if not report.crashed:
            again = await case.stack.run_tests(case.workspace, database.access, order=order, changes=changes)
    # Code that a test rewrites would be judged by the other gates in place of the code that was handed in.
    forged = [] if report.crashed else forgeries(report, case.workspace.read())
    changed = [] if case.workspace.tree() == owing.tree else ["the tests changed files of the worktree"]
    bench.ran = Ran(shapes=shapes_of(files), tests=again.ran, broken=broken(report)) if again.ran else None
    ran = " ".join(report.command)
    passed = sum(one.outcome == "passed" for one in report.cases)
    measures = Measures(coverage_percent=report.covered_percent, tests_passed=passed)
    receipts: list[Receipt] = [
        *owing.judge(
            "TST-COVER",
            [*suite_problems(report), *forged, *changed],
            ran=ran,
            found=_summary(report),
            reproduce=pasted(report),
            places=[f"{file}:{lines[0]}" for file, lines in report.uncovered.items() if lines],
            seconds=report.seconds,
        ),
        *owing.judge(
            "TST-DB",
            repeat_problems(report, again),
            ran=f"{' '.join(again.command)} (order {order})",
            found=f"{_counts(again)}, in another order and on the same database",
            reproduce=pasted(again),
            seconds=again.seconds,
        ),
        *judging.judged(owing, files, mutants, again, order),
    ]
    silent = silent_tests(case.workspace.read())
    report = replace(report, touches=tuple(one for one in report.touches if plain_name(one.test) not in silent))
    measures = measures.model_copy(update=tested(report, case.contract))
    for subject in owing.subjects("TST-INTEG"):
        operation = case.contract.operation(subject)
        seen = touches_of(report, case.contract, operation)
        problems = touch_problems(operation, seen, report)
        receipts += owing.judge(
            "TST-INTEG", problems, subject=subject, ran=ran, found=_seen(seen), reproduce=_asking(operation, report)
        )
    for subject in owing.subjects("TST-ERRORS"):
        operation = case.contract.operation(subject)
        seen = touches_of(report, case.contract, operation)
        if not declared_refusals(operation):
            receipts += owing.leave(
                "TST-ERRORS", "not applicable: the contract declares no refusal", subject=subject, ran=ran
            )
        else:
            asked = provokable(case.binding.bound(subject), case.contract, case.catalog)
            receipts += owing.judge(
                "TST-ERRORS",
                refusal_problems(operation, asked, {touch.status for touch in seen}),
                subject=subject,
                ran=ran,
                found="; ".join(part for part in (_seen(seen), asked.told) if part),
                reproduce=_asking(operation, report),
            )
    return Found(tuple(receipts), measures)


def tested(report: TestReport, contract: Contract) -> Mapping[str, object]:
    """What the tests did with each operation, and the lines that none executed: two of the measures."""
    if report.crashed:
        return {}
    seen = {one.key: touches_of(report, contract, one) for one in contract.operations}
    operations = (
        TestedOperation(
            operation=one.key,
            requests=len(seen[one.key]),
            answered=tuple(sorted({touch.status for touch in seen[one.key]})),
            unprovoked=tuple(sorted(_unprovoked(one, seen[one.key]))),
        )
        for one in contract.operations
    )
    uncovered = (UncoveredFile(file=file, lines=lines) for file, lines in sorted(report.uncovered.items()) if lines)
    return {"tested": tuple(operations), "uncovered": tuple(uncovered)}


def suite_problems(report: TestReport) -> list[str]:
    """Why the suite as a whole does not do: it did not start, something failed, nothing ran, too little was covered."""
    if report.crashed:
        return [f"the tests could not be run to their end: {report.crashed}"]
    if not any(one.outcome != "skipped" for one in report.cases):
        return ["no test ran: write integration tests for every operation"]
    return failures(report) + _coverage_problems(report)


def failures(report: TestReport) -> list[str]:
    """The tests that did not pass, each with what it said."""
    return [f"{one.name}: {one.outcome}: {one.message}" for one in report.cases if one.outcome in ("failed", "error")]


def broken(report: TestReport) -> tuple[str, ...]:
    """The names of the tests that did not pass."""
    return tuple(one.name for one in report.cases if one.outcome in ("failed", "error"))


def _coverage_problems(report: TestReport) -> list[str]:
    problems: list[str] = []
    for what, percent in (("lines", report.line_percent), ("branches", report.branch_percent)):
        if percent is None and what == "lines":
            problems.append("coverage was not measured")
        elif percent is not None and percent <= _ENOUGH:
            problems.append(f"{percent:.1f} % of {what} are covered; more than {_ENOUGH:.0f} % are asked for")
    if problems:
        worst = sorted(report.uncovered.items(), key=lambda item: -len(item[1]))[:5]
        problems += [f"{file}: {len(lines)} lines not covered, first {lines[0]}" for file, lines in worst if lines]
    return problems


def touches_of(report: TestReport, contract: Contract, operation: Operation) -> tuple[Touch, ...]:
    """The requests to this operation that passing tests sent."""
    passing = {one.name for one in report.cases if one.outcome == "passed"}
    routes = {erased(operation.path), erased(contract.base_path + operation.path)}
    return tuple(
        touch
        for touch in report.touches
        if touch.method.lower() == operation.method and erased(touch.route) in routes and touch.test in passing
    )


def touch_problems(operation: Operation, seen: tuple[Touch, ...], report: TestReport) -> list[str]:
    """Why these requests are no integration test of the operation."""
    if report.crashed:
        return [f"the tests could not be run to their end: {report.crashed}"]
    if not seen:
        return [f"no passing test sends {operation.key} through the service"]
    if any(200 <= touch.status < 300 and declared(operation, touch.status) for touch in seen):
        return []
    statuses = ", ".join(sorted({str(touch.status) for touch in seen}))
    return [f"tests reach {operation.key}, but never with a declared 2xx answer (seen: {statuses})"]


def declared(operation: Operation, status: int) -> bool:
    """True when the contract declares this status, as itself, as its class or as `default`."""
    names = {str(status), f"{status // 100}XX", f"{status // 100}xx", "default"}
    return any(answer.status in names for answer in operation.answers)


def _unprovoked(operation: Operation, seen: tuple[Touch, ...]) -> set[int]:
    return set(declared_refusals(operation) - provoked({touch.status for touch in seen}))


def repeat_problems(first: TestReport, again: TestReport) -> list[str]:
    """Tests that do otherwise the second time: they leave something behind, or need others before them."""
    if first.crashed or again.crashed:
        return [f"the tests could not be run: {first.crashed or again.crashed}"]
    before = {one.name: one.outcome for one in first.cases}
    if not before:
        return ["no test ran"]
    if "passed" not in before.values():
        return ["no test passed, so what tests leave behind was not shown"]
    return [
        f"{one.name}: {before.get(one.name, 'not there')} at first, {one.outcome} after all others in another order: "
        f"{one.message[-_MESSAGE:]}"
        for one in again.cases
        if one.outcome != before.get(one.name)
    ]


def pasted(report: TestReport) -> str:
    """What to run to see the failures again; without any, how much is covered."""
    named = [shlex.quote(name) for name in broken(report)]
    if named or report.crashed:
        return " ".join(["python -m pytest", *named[:3]])
    below_src = all(name.startswith("src/") for name in report.uncovered)
    return f"coverage run --branch --source={'src' if below_src else '.'} -m pytest; coverage report --show-missing"


def _asking(operation: Operation, report: TestReport) -> str:
    """What shows the tests that may ask an operation: those that name the part of its path that is always the same."""
    if report.crashed:
        return pasted(report)
    fixed = operation.path.partition("{")[0].rstrip("/") or "/"
    return f"grep -rnF {shlex.quote(fixed)} tests; python -m pytest -v"


def _seen(touches: tuple[Touch, ...]) -> str:
    counted = sorted({touch.status for touch in touches})
    return f"{len(touches)} requests, answered {', '.join(map(str, counted))}" if touches else ""


def _summary(report: TestReport) -> str:
    return f"{_counts(report)}; lines {_percent(report.line_percent)}, branches {_percent(report.branch_percent)}"


def _counts(report: TestReport) -> str:
    counts = {kind: sum(one.outcome == kind for one in report.cases) for kind in ("passed", "skipped")}
    skipped = [one.name for one in report.cases if one.outcome == "skipped"]
    named = f" (skipped: {', '.join(skipped[:5])})" if skipped else ""
    return f"{counts['passed']} passed, {counts['skipped']} skipped{named}"


def _percent(number: float | None) -> str:
    return "not measured" if number is None else f"{number:.1f} %"
