"""What a run of the workspace's tests proves."""

from __future__ import annotations

from dataclasses import replace

from agent.checklist.tests import repeat_problems, suite_problems, touch_problems, touches_of
from agent.contract.model import Contract
from tools.reports import TestCase, TestReport, Touch

GOOD = TestReport(
    command=("pytest",),
    cases=(TestCase("test_a", "passed"), TestCase("test_b", "passed")),
    touches=(
        Touch("GET", "/api/notes/{id}", 200, "test_a"),
        Touch("GET", "/api/notes/{id}", 404, "test_b"),
        Touch("POST", "/api/notes", 422, "test_a"),
        Touch("PATCH", "/api/notes/{id}", 200, "test_c"),
    ),
    line_percent=95.0,
    branch_percent=90.0,
    covered_percent=94.0,
)


def problems_of(contract: Contract, key: str, report: TestReport = GOOD) -> list[str]:
    operation = contract.operation(key)
    return touch_problems(operation, touches_of(report, contract, operation), report)


def test_a_passing_test_with_a_declared_success_is_an_integration_test(contract: Contract) -> None:
    assert not problems_of(contract, "GET /notes/{note_id}")


def test_errors_alone_are_none(contract: Contract) -> None:
    assert "never with a declared 2xx" in problems_of(contract, "POST /notes")[0]


def test_a_request_of_a_test_that_failed_does_not_count(contract: Contract) -> None:
    failing = replace(GOOD, cases=(*GOOD.cases, TestCase("test_c", "failed", "no")))
    assert "no passing test" in problems_of(contract, "PATCH /notes/{note_id}", failing)[0]


def test_an_operation_that_nobody_asks_is_untested(contract: Contract) -> None:
    assert "no passing test" in problems_of(contract, "DELETE /notes/{note_id}")[0]


def test_a_good_suite_passes() -> None:
    assert not suite_problems(GOOD)


def test_failures_are_named() -> None:
    failing = replace(GOOD, cases=(TestCase("test_x", "error", "fixture broke"),))
    assert suite_problems(failing) == ["test_x: error: fixture broke"]


def test_no_test_and_only_skipped_tests_fail() -> None:
    assert suite_problems(replace(GOOD, cases=()))
    assert suite_problems(replace(GOOD, cases=(TestCase("test_a", "skipped"),)))


def test_tests_that_all_fail_do_not_show_that_they_clean_up() -> None:
    failing = replace(GOOD, cases=(TestCase("test_a", "failed", "no"),))
    assert repeat_problems(failing, failing) == ["no test passed, so what tests leave behind was not shown"]
    assert not repeat_problems(GOOD, GOOD)


def test_a_suite_that_cannot_be_collected_fails() -> None:
    assert suite_problems(replace(GOOD, crashed="SyntaxError")) == [
        "the tests could not be run to their end: SyntaxError"
    ]


def test_coverage_has_to_be_over_80_percent_of_lines_and_of_branches() -> None:
    low = replace(GOOD, branch_percent=80.0, uncovered={"src/a.py": (3, 4)})
    assert suite_problems(low) == [
        "80.0 % of branches are covered; more than 80 % are asked for",
        "src/a.py: 2 lines not covered, first 3",
    ]
    assert suite_problems(replace(GOOD, line_percent=None)) == ["coverage was not measured"]
