"""The same failure at many subjects is one finding; different failures never are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from agent.delivery.findings import findings
from agent.receipts import Outcome, Receipt
from agent.rulebook.model import Gate
from tests.delivery.examples import FAILURE, MET, SAME, UNCHECKED, delivery, receipt, verdict


def failed(subject: str, found: str, rule: str = "API-STATUS", **more: str) -> Receipt:
    return receipt(rule, Gate.ERRORS, Outcome.FAILED, subject=subject, found=found, **more)


def test_one_failure_at_eight_operations_is_one_finding() -> None:
    (one,) = findings(SAME)
    assert one.subjects == tuple(receipt.subject for receipt in SAME)
    assert (one.name, one.found, one.reproduce) == ("API-STATUS", SAME[0].found, SAME[0].reproduce)


def test_what_is_not_a_failure_is_no_finding() -> None:
    assert findings((*MET, UNCHECKED)) == ()
    assert [one.name for one in findings((*MET, FAILURE))] == ["TST-COVER:files"]


def test_other_rules_and_other_failures_stay_apart() -> None:
    told = [
        failed("GET /a", "GET /a: expected 200, got 500"),
        failed("GET /b", "GET /b: expected 200, got 404"),
        failed("GET /b", "GET /b: expected 200, got 500", rule="API-METHODS"),
        failed("GET /c", "GET /c: expected 200, got 500"),
    ]
    assert [one.subjects for one in findings(told)] == [("GET /a", "GET /c"), ("GET /b",), ("GET /b",)]


def test_what_hindered_many_checks_is_one_finding() -> None:
    told = [
        failed("GET /a", "the service ended: pid 17", rule=rule).model_copy(update={"hindered": True})
        for rule in ("API-STATUS", "SEC-CSRF", "MET-DB")
    ]
    told[1] = told[1].model_copy(update={"found": "the service ended: pid 23"})
    (one,) = findings(told)
    assert one.rules == ("API-STATUS", "SEC-CSRF", "MET-DB")
    assert one.subjects == ("GET /a",)
    assert one.name == "API-STATUS and 2 more rules, which could not be looked at"
    assert len(findings([*told, failed("GET /a", "the service ended: pid 17")])) == 2


def test_an_operation_below_another_is_not_taken_for_it() -> None:
    below = failed("GET /a", "GET /a/1 → 500")
    itself = failed("GET /b", "GET /b → 500")
    assert len(findings([below, itself])) == 2


def test_tables_are_told_together_too() -> None:
    told = [failed(name, f"{name} has no index for {name}_id", rule="DBS-INDEX") for name in ("books", "authors")]
    assert len(findings(told)) == 2, "the column is part of the failure"
    told = [failed(name, f"table {name}: no primary key", rule="DBS-UUID") for name in ("books", "authors")]
    assert [one.subjects for one in findings(told)] == [("books", "authors")]


def test_the_way_to_see_it_again_is_that_of_the_first_who_has_one() -> None:
    told = [failed("GET /a", "dead"), failed("GET /b", "dead", reproduce="curl /b")]
    assert [one.reproduce for one in findings(told)] == ["curl /b"]


TEXTS = some.text(alphabet="ab/{}?: 1\\(") | some.text()


@given(some.lists(some.tuples(TEXTS, TEXTS), max_size=6))
def test_nothing_is_lost_whatever_subjects_and_texts_are(told: list[tuple[str, str]]) -> None:
    receipts = [failed(subject, found) for subject, found in told]
    grouped = findings(receipts)
    assert sorted(one for finding in grouped for one in finding.subjects) == sorted(subject for subject, _ in told)
    assert delivery(outcome="incomplete", verdict=verdict(*receipts)).findings == grouped
