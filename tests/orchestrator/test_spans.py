"""The spans of a run tell names and counts; what a model said or was told stays out of them."""

from __future__ import annotations

from agent.journal.events import (
    Assignment,
    AssignmentDone,
    AssignmentGiven,
    BudgetReached,
    Delivered,
    Ending,
    Escalated,
    Event,
    GateSettled,
    ModelAnswered,
    ModelRefused,
    Usage,
    Verified,
)
from agent.orchestrator.spans import attributes_of, moment_of
from agent.receipts import Measures
from agent.rulebook.model import Gate
from tests.delivery.examples import FAILURE, HOLE, MET, verdict

DONE = AssignmentDone(
    title="src/a.py", commit="c", said="said-canary", failure="failure-canary", found=("found-canary",)
)


def test_a_gate_tells_how_many_obligations_ended_how_and_which_are_not_met() -> None:
    receipts = (*MET, FAILURE)
    event = GateSettled(tree="t", check="tests", gate=Gate.TESTS, receipts=receipts, measures=Measures(), seconds=2.0)
    assert attributes_of(event) == {
        "backend_developer.gate": "tests",
        "backend_developer.check": "tests",
        "backend_developer.tree": "t",
        "backend_developer.failed": 1,
        "backend_developer.met": 2,
        "backend_developer.not_met": ["TST-COVER:files"],
    }


def test_an_assignment_tells_what_was_given_and_how_it_ended() -> None:
    given = AssignmentGiven(assignment=Assignment(title="src/a.py", holes=(HOLE,), obligations=("TST-COVER:files",)))
    assert attributes_of(given) == {
        "backend_developer.assignment": "src/a.py",
        "backend_developer.holes": [HOLE.name],
        "backend_developer.obligations": ("TST-COVER:files",),
    }
    assert attributes_of(DONE) == {
        "backend_developer.by_itself": False,
        "backend_developer.circled": False,
        "backend_developer.offences": 1,
    }


def test_what_happens_at_a_moment_is_an_event_of_the_span() -> None:
    assert moment_of(Escalated(model="b", why="why-canary")) == ("escalated", {"backend_developer.model": "b"})
    assert moment_of(BudgetReached(limit="2 USD")) == ("budget reached", {"backend_developer.limit": "2 USD"})
    assert moment_of(DONE) is None


def test_words_of_models_providers_and_checks_are_not_told() -> None:
    events: tuple[Event, ...] = (
        DONE,
        Escalated(model="b", why="why-canary"),
        ModelRefused(reason="reason-canary"),
        ModelAnswered(usage=Usage()),
        Verified(verdict=verdict(FAILURE), holes=(HOLE,), seconds=1),
        Delivered(ending=Ending.INCOMPLETE, exit_code=1),
    )
    told = repr([(attributes_of(event), moment_of(event)) for event in events])
    assert "canary" not in told
    assert FAILURE.found not in told
    assert HOLE.reason not in told
