"""The gate tests: the workspace's own tests, watched from outside."""

from __future__ import annotations

from collections.abc import Mapping

from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import Databases
from agent.checklist.forgery import forgeries
from agent.checklist.routes import erased
from agent.contract.model import Contract, Operation
from agent.receipts import Measures, Receipt
from tools.reports import TestReport, Touch

RULES: Mapping[str, str] = {
    "TST-INTEG": "tests: requests that passing tests sent, by operation",
    "TST-COVER": "tests: the suite passes and covers more than 80 % of lines and of branches",
}

_ENOUGH = 80.0


async def settle(case: Case, owing: Owing, databases: Databases) -> Found:
    """Settle what the gate tests owes."""
    async with databases.empty() as database:
        report = await case.stack.run_tests(case.workspace, database.access)
    # Code that a test rewrites would be judged by the other gates in place of the code that was handed in.
    forged = [] if report.crashed else forgeries(report, case.workspace.read())
    changed = [] if case.workspace.tree() == owing.tree else ["the tests changed files of the worktree"]
    ran = " ".join(report.command)
    passed = sum(one.outcome == "passed" for one in report.cases)
    measures = Measures(coverage_percent=report.covered_percent, tests_passed=passed)
    receipts: list[Receipt] = [
        *owing.judge(
            "TST-COVER",
            [*suite_problems(report), *forged, *changed],
            ran=ran,
            found=_summary(report),
            reproduce=_pytest(report),
            places=[f"{file}:{lines[0]}" for file, lines in report.uncovered.items() if lines],
            seconds=report.seconds,
        )
    ]
    for subject in owing.subjects("TST-INTEG"):
        operation = case.contract.operation(subject)
        seen = touches_of(report, case.contract, operation)
        problems = touch_problems(operation, seen, report)
        receipts += owing.judge(
            "TST-INTEG", problems, subject=subject, ran=ran, found=_seen(seen), reproduce=_pytest(report)
        )
    return Found(tuple(receipts), measures)


def suite_problems(report: TestReport) -> list[str]:
    """Why the suite as a whole does not do: it did not start, something failed, nothing ran, too little was covered."""
    if report.crashed:
        return [f"the tests could not be collected: {report.crashed}"]
    if not any(one.outcome != "skipped" for one in report.cases):
        return ["no test ran: write integration tests for every operation"]
    broken = [f"{one.name}: {one.outcome}: {one.message}" for one in report.cases if one.outcome in ("failed", "error")]
    return broken + _coverage_problems(report)


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
        return [f"the tests could not be collected: {report.crashed}"]
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


def _pytest(report: TestReport) -> str:
    """What to run to see the failures again."""
    broken = [one.name for one in report.cases if one.outcome in ("failed", "error")]
    return " ".join(["pytest", *broken[:3]])


def _seen(touches: tuple[Touch, ...]) -> str:
    counted = sorted({touch.status for touch in touches})
    return f"{len(touches)} requests, answered {', '.join(map(str, counted))}" if touches else ""


def _summary(report: TestReport) -> str:
    counts = {kind: sum(one.outcome == kind for one in report.cases) for kind in ("passed", "skipped")}
    skipped = [one.name for one in report.cases if one.outcome == "skipped"]
    named = f" (skipped: {', '.join(skipped[:5])})" if skipped else ""
    return (
        f"{counts['passed']} passed, {counts['skipped']} skipped{named}; "
        f"lines {_percent(report.line_percent)}, branches {_percent(report.branch_percent)}"
    )


def _percent(number: float | None) -> str:
    return "not measured" if number is None else f"{number:.1f} %"
