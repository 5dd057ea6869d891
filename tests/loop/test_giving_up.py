"""What becomes of a subject on which a model makes no progress, or goes in circles."""

from __future__ import annotations

from agent.journal.events import (
    AssignmentDone,
    Ending,
    Escalated,
    Event,
)
from agent.loop.moves import PATIENCE, Deliver, Escalate, Verify
from agent.loop.state import PATIENCE_WITH_ONE, Attempt, GivenUp, state_of
from tests.loop.happening import HOLE, after, done, found, receipt, scaffolded, verified, work_after


def in_circles(title: str, commit: str = "c1") -> AssignmentDone:
    return AssignmentDone(title=title, commit=commit, said="", failure="it went in circles: check()", circled=True)


def test_a_subject_that_is_given_up_does_not_hold_up_the_others() -> None:
    """One hole is never filled; what is open of other operations is worked on all the same."""
    open_still = verified(receipt("POST /merge"), receipt("GET /a"), receipt("files"), holes=(HOLE,))
    events: list[Event] = [scaffolded(HOLE), open_still]
    for attempt in range(PATIENCE_WITH_ONE):
        assert work_after(*events) == HOLE.file
        events += [done(HOLE.file, f"c{attempt + 1}"), open_still]
    assert work_after(*events) == "GET /a"
    events += [done("GET /a", "c8"), verified(receipt("POST /merge"), receipt("files"), holes=(HOLE,))]
    assert work_after(*events) == "the whole service"
    events += [done("the whole service", "c9"), verified(receipt("POST /merge"), holes=(HOLE,))]
    assert after(*events) == Deliver(Ending.STALLED)
    assert state_of(events).given_up.keys() == {HOLE.file}


def test_what_fails_of_an_operation_that_nobody_can_write_is_no_work_of_its_own() -> None:
    open_still = verified(receipt("POST /merge"), holes=(HOLE,))
    events: list[Event] = [scaffolded(HOLE), open_still, in_circles(HOLE.file), open_still]
    assert after(*events) == Deliver(Ending.STALLED)


def test_a_model_that_goes_in_circles_is_asked_no_more_about_that_subject() -> None:
    both = verified(receipt("GET /a"), receipt("GET /b"))
    events: list[Event] = [scaffolded(), both, in_circles("GET /a"), done("GET /b", "c2"), both]
    assert work_after(*events) == "GET /b"
    assert state_of(events).given_up["GET /a"].why.startswith("it went in circles")


def test_the_next_model_is_given_what_was_given_up_with_what_was_learnt() -> None:
    events: list[Event] = [scaffolded(), verified(receipt("GET /a")), in_circles("GET /a", "c0")]
    move = after(*events, models=2)
    assert move == Escalate("GET /a: it went in circles: check()")
    events.append(Escalated(model="stronger", why="x"))
    assert work_after(*events, models=2) == "GET /a"
    state = state_of(events)
    assert state.given_up == {}
    assert state.tried["GET /a"] == (Attempt("", "it went in circles: check()"),)


def test_a_subject_of_which_something_else_is_open_now_is_worked_on_again() -> None:
    events: list[Event] = [scaffolded(), verified(receipt("GET /a"), receipt("GET /b"))]
    events += [in_circles("GET /a"), done("GET /b", "c2"), verified(receipt("GET /a", rule="API-STATUS"))]
    assert work_after(*events) == "GET /a"


def test_going_in_circles_is_no_trouble_of_the_provider() -> None:
    events: list[Event] = [scaffolded(), verified(*(receipt(f"GET /{number}") for number in range(9)))]
    events += [in_circles(f"GET /{number}", "c0") for number in range(PATIENCE + 1)]
    assert work_after(*events) == f"GET /{PATIENCE + 1}"


def test_a_model_that_makes_checks_pass_without_the_work_is_told_at_once() -> None:
    events: list[Event] = [scaffolded(), verified(receipt("GET /a")), found("GET /a", "c0")]
    assert work_after(*events) == "GET /a"
    assert state_of(events).tried["GET /a"][0].found == ("tests/test_a.py: weaker",)


def test_one_that_goes_on_with_it_is_asked_no_more() -> None:
    events: list[Event] = [scaffolded(), verified(receipt("GET /a")), found("GET /a", "c1"), found("GET /a", "c1")]
    assert after(*events) == Verify()
    events.append(verified(receipt("GET /a")))
    move = after(*events, models=2)
    assert isinstance(move, Escalate)
    assert "went on making checks pass without doing the work: tests/test_a.py: weaker" in move.why
    assert after(*events) == Deliver(Ending.STALLED)


def test_one_that_does_the_work_after_it_was_told_is_judged_by_the_work() -> None:
    events: list[Event] = [scaffolded(), verified(receipt("GET /a")), found("GET /a", "c1"), done("GET /a", "c2")]
    assert after(*events, verified()) == Deliver(Ending.COMPLETE)


def test_words_without_a_change_give_a_subject_up_while_others_are_worked_on() -> None:
    both = verified(receipt("GET /a"), receipt("GET /b"))
    events: list[Event] = [scaffolded(), both, done("GET /a", "c0"), done("GET /b", "c1"), both]
    assert work_after(*events) == "GET /b"
    assert state_of(events).given_up == {"GET /a": GivenUp(frozenset({"API-METHODS:GET /a"}), "it changed nothing")}
