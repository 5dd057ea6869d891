"""The closing sentence never claims more than was checked and measured."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agent.journal.events import OpenHole
from agent.receipts import Measures, Outcome, Receipt, Verdict
from agent.rulebook.model import Gate
from tests.delivery.examples import FAILURE, HOLE, INCOMPLETE, MEASURED, UNCHECKED, WRITTEN, delivery, receipt, verdict


def test_a_complete_delivery_is_told_with_its_numbers() -> None:
    assert delivery().sentence == (
        "Backend implementation completed. Delivered 15 endpoints with full validation, OpenAPI documentation, "
        "and 93.4% test coverage. Response time < 12ms p95. Ready for integration."
    )


def test_numbers_are_rounded_to_the_careful_side() -> None:
    careful = Measures(endpoints=1, coverage_percent=89.999, p95_ms=12.0)
    sentence = delivery(verdict=verdict(measures=careful)).sentence
    assert "89.9% test coverage" in sentence
    assert "< 13ms p95" in sentence
    assert (
        "100% test"
        in delivery(verdict=verdict(measures=careful.model_copy(update={"coverage_percent": 100.0}))).sentence
    )


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"coverage_percent": None}, "test coverage was not measured."),
        ({"p95_ms": None}, "the response time was not measured."),
        ({"p95_ms": None, "coverage_percent": None}, "test coverage and the response time were not measured."),
        ({"endpoints": 0}, "the number of answering endpoints was not measured."),
    ],
)
def test_a_number_that_was_not_measured_is_said_to_be_so(missing: dict[str, Any], said: str) -> None:
    sentence = delivery(verdict=verdict(measures=MEASURED.model_copy(update=missing))).sentence
    assert sentence == f"Not ready for integration: every checked obligation is met, but {said}"


def test_what_is_missing_comes_first() -> None:
    assert INCOMPLETE.sentence == (
        "Not ready for integration: 1 operation is not written (POST /tickets/{ticketId}/merge) and "
        "1 of 3 checked obligations are not met (TST-COVER:files). "
        "Written by a model: no check knows whether POST /tickets/{ticketId}/escalate does what its description says."
    )


def test_what_a_model_wrote_is_never_called_ready_without_saying_that_its_sense_was_not_checked() -> None:
    many = tuple(WRITTEN.model_copy(update={"operation": f"GET /{letter}"}) for letter in "abcde")
    assert delivery(written=many[:2]).sentence == (
        f"{delivery().sentence} Written by a model: no check knows whether GET /a and GET /b do what their "
        "descriptions say."
    )
    assert "whether GET /a, GET /b, GET /c and 2 more do what" in delivery(written=many).sentence


def test_of_many_only_some_are_named() -> None:
    holes = tuple(HOLE.model_copy(update={"operation": f"GET /{letter}"}) for letter in "abcde")
    assert delivery(outcome="incomplete", holes=holes).sentence == (
        "Not ready for integration: 5 operations are not written (GET /a, GET /b, GET /c and 2 more)."
    )


def test_a_budget_that_is_used_up_and_an_interruption_are_named_first() -> None:
    sentence = delivery(outcome="budget", stopped_by="2.00 USD", verdict=verdict(FAILURE)).sentence
    assert sentence.startswith("The budget (2.00 USD) is used up. Not ready for integration: 1 of 3")
    assert delivery(outcome="interrupted", verdict=None).sentence == (
        "Interrupted; `agent resume 20261122-1` continues. Not ready for integration: nothing has been checked."
    )


def test_nothing_checked_is_never_ready() -> None:
    nothing = Verdict(tree="", receipts=(UNCHECKED,), measures=MEASURED)
    assert delivery(outcome="incomplete", verdict=nothing).sentence == (
        "Not ready for integration: nothing has been checked."
    )


@pytest.mark.parametrize("broken", [{"holes": (HOLE,)}, {"verdict": None}, {"verdict": verdict(FAILURE)}])
def test_a_delivery_with_something_open_cannot_be_called_complete(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="complete only when its verdict holds and no hole is open"):
        delivery(**broken)


RECEIPTS = some.lists(some.sampled_from(Outcome).map(lambda outcome: receipt("A", Gate.LINT, outcome)), max_size=6)
NUMBERS = some.none() | some.floats(0, 1000)


@given(
    some.sampled_from(["complete", "incomplete", "budget", "interrupted"]),
    some.lists(some.just(HOLE), max_size=2),
    RECEIPTS,
    NUMBERS,
    NUMBERS,
    some.integers(0, 20),
)
def test_readiness_is_claimed_only_when_everything_holds_and_was_measured(
    outcome: str, holes: list[OpenHole], receipts: list[Receipt], coverage: float | None, p95: float | None, count: int
) -> None:
    measures = Measures(endpoints=count, coverage_percent=coverage, p95_ms=p95)
    found = Verdict(tree="", receipts=tuple(receipts), measures=measures)
    possible = found.holds and not holes
    if outcome == "complete" and not possible:
        return
    sentence = delivery(outcome=outcome, holes=tuple(holes), verdict=found).sentence
    everything = outcome == "complete" and count and coverage is not None and p95 is not None
    assert ("Backend implementation completed" in sentence) == bool(everything)
