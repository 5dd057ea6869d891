"""What a model wrote is told with what is proven of it, and with each sentence that no check looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from agent.contract.loading import load_contract
from agent.contract.model import Contract
from agent.delivery.written import Written, written
from agent.journal.events import Assignment, AssignmentGiven, Escalated, Event, OpenHole, Scaffolded, Verified
from agent.receipts import Measures, Outcome, TestedOperation, Verdict
from agent.rulebook.model import Gate
from tests.delivery.examples import receipt

CONFIRM, REPRICE = "POST /bookings/{id}/confirm", "POST /products/reprice"
RECEIPTS = (
    receipt("API-STATUS", Gate.ERRORS, Outcome.MET, subject=CONFIRM, ran="POST /bookings/1/confirm → 200"),
    receipt("CON-PARITY", Gate.CONTRACT, Outcome.MET, subject=CONFIRM),
    receipt("CON-PARITY", Gate.CONTRACT, Outcome.MET, subject=REPRICE),
    receipt("TST-EDGE", Gate.TESTS, Outcome.FAILED, subject=REPRICE),
    receipt("AUT-OWNER", Gate.HEADERS, Outcome.UNCHECKED, subject=CONFIRM),
)
VERDICT = Verdict(
    tree="t",
    receipts=RECEIPTS,
    measures=Measures(tested=(TestedOperation(operation=CONFIRM, requests=4, answered=(200,), unprovoked=()),)),
)


def hole(operation: str, name: str) -> OpenHole:
    return OpenHole(name=f"src.services.{name}", file="src/services.py", line=1, operation=operation)


CONFIRMING, REPRICING = hole(CONFIRM, "confirm"), hole(REPRICE, "reprice")


def contract(**said: str) -> Contract:
    """Both operations, the first with these words."""

    def operation(words: Mapping[str, str]) -> dict[str, Any]:
        return {"post": {**words, "responses": {"200": {"description": "Done"}}}}

    one, other = CONFIRM.split()[1], REPRICE.split()[1]
    path = {"parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]}
    return load_contract(
        {
            "openapi": "3.1.0",
            "info": {"title": "Rooms", "version": "1"},
            "paths": {one: path | operation(said), other: operation({})},
        }
    )


def told(*events: Event, verdict: Verdict | None = VERDICT, **said: str) -> dict[str, Written]:
    """By operation; the first model works until it hands over."""

    def steps() -> Iterator[tuple[Event, str]]:
        model = "a:small"
        for event in events:
            yield event, model
            model = "a:large" if isinstance(event, Escalated) else model

    return {one.operation: one for one in written(steps(), verdict, contract(**said))}


def scaffolded(*holes: OpenHole, **more: Any) -> Scaffolded:
    values: dict[str, Any] = {"commit": "c", "files": 60, "holes": holes, "seconds": 1}
    return Scaffolded(**(values | more))


def given(*holes: OpenHole, obligations: tuple[str, ...] = ()) -> AssignmentGiven:
    return AssignmentGiven(assignment=Assignment(title="some", holes=holes, obligations=obligations))


def verified(*holes: OpenHole) -> Verified:
    return Verified(verdict=VERDICT, holes=holes, seconds=1)


def test_a_function_that_is_written_is_told_with_its_receipts_and_who_was_asked() -> None:
    events = (scaffolded(CONFIRMING), given(CONFIRMING), Escalated(model="a:large", why=""), given(CONFIRMING))
    found = told(*events, verified())[CONFIRM]
    assert found.by == ("a:small", "a:large")
    assert [(one.rule, one.ran) for one in found.proven] == [
        ("API-STATUS", "POST /bookings/1/confirm → 200"),
        ("CON-PARITY", ""),
    ]
    assert (found.function, found.failed, found.unchecked, found.asked) == (
        "src.services.confirm",
        (),
        ("AUT-OWNER",),
        4,
    )


def test_what_is_still_open_is_not_written_and_what_nobody_verified_is_not_either() -> None:
    events = (scaffolded(CONFIRMING, REPRICING), given(CONFIRMING, REPRICING))
    assert told(*events) == {}
    assert told(*events, verified(REPRICING)).keys() == {CONFIRM}
    assert told(*events, verified(), verdict=None) == {}


def test_what_the_blueprint_derived_is_no_question_of_sense() -> None:
    assert told(scaffolded(), given(obligations=(f"CON-PARITY:{REPRICE}",)), verified()) == {}


@pytest.mark.parametrize("begun", [{"existing": True}, {"files": 0}])
def test_without_a_blueprint_the_operations_that_were_given_are_what_was_written(begun: Mapping[str, Any]) -> None:
    events = (scaffolded(**begun), given(obligations=(f"CON-PARITY:{REPRICE}", f"TST-EDGE:{CONFIRM}")), verified())
    found = told(*events)
    assert found.keys() == {REPRICE}
    assert (found[REPRICE].function, found[REPRICE].failed) == ("", ("TST-EDGE",))


def test_each_sentence_of_the_description_is_one_that_no_check_looked_at() -> None:
    text = "Holds the room. A booking\nof the past answers 409; no exception.\n\n- Prices: half up.\n- Twice is once."
    found = told(scaffolded(CONFIRMING), given(CONFIRMING), verified(), summary="Confirm a booking", description=text)[
        CONFIRM
    ]
    assert found.unseen == (
        "Confirm a booking",
        "Holds the room.",
        "A booking of the past answers 409;",
        "no exception.",
        "Prices: half up.",
        "Twice is once.",
    )
    assert found.doubt == "No check knows whether it does what its description says."


def test_of_a_very_long_description_the_rest_is_counted() -> None:
    text = " ".join(f"Rule {number}." for number in range(25))
    found = told(scaffolded(CONFIRMING), given(CONFIRMING), verified(), description=text)[CONFIRM]
    assert found.unseen[-1] == "… and 5 more sentences of its description"


def test_without_words_the_contract_is_what_says_too_little() -> None:
    found = told(scaffolded(REPRICING), given(REPRICING), verified())[REPRICE]
    assert found.unseen == ()
    assert "The contract does not say what it does" in found.doubt
