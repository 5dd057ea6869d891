"""A record and the run that was made from it are compared step by step."""

from __future__ import annotations

from collections.abc import Mapping

from agent.journal.events import (
    Assignment,
    AssignmentDone,
    AssignmentGiven,
    BudgetReached,
    Event,
    ModelAnswered,
    Resumed,
    Scaffolded,
    Usage,
    Verified,
)
from agent.orchestrator.comparing import compared
from agent.orchestrator.replaying import conversations
from agent.receipts import Outcome, Receipt, Verdict
from agent.rulebook.model import Gate

TREES: Mapping[str, Mapping[str, str]] = {"t1": {"a": "1", "b": "1"}, "t2": {"a": "1", "b": "2", "c": "1"}}


def scaffolded(tree: str = "t0") -> Scaffolded:
    return Scaffolded(commit="c", tree=tree, files=1, holes=(), seconds=1)


def given(title: str) -> AssignmentGiven:
    return AssignmentGiven(assignment=Assignment(title=title))


def done(title: str, tree: str) -> AssignmentDone:
    return AssignmentDone(title=title, commit="c", tree=tree, said="")


def verified(**outcomes: Outcome) -> Verified:
    receipts = tuple(
        Receipt(rule="API-STATUS", subject=name, gate=Gate.CONTRACT, outcome=outcome, found="x")
        for name, outcome in outcomes.items()
    )
    return Verified(verdict=Verdict(tree="t", receipts=receipts), holes=(), seconds=1)


def answered(*tools: str) -> ModelAnswered:
    return ModelAnswered(usage=Usage(requests=1), tools=tools)


def departures(recorded: list[Event], again: list[Event]) -> list[str]:
    replay = compared("x", recorded, again, lambda tree: TREES.get(tree, {}), lambda tree: TREES.get(tree, {}))
    return [f"{one.step}: {one.what}" for one in replay.departures]


RUN: list[Event] = [scaffolded(), verified(a=Outcome.FAILED), given("a"), done("a", "t1"), verified(a=Outcome.MET)]


def test_the_same_again_departs_nowhere() -> None:
    assert departures(RUN, RUN) == []


def test_another_tree_is_named_with_its_files() -> None:
    again = [*RUN[:3], done("a", "t2"), RUN[4]]
    assert departures(RUN, again) == ["developer: a: another tree: b, c"]


def test_where_a_tree_is_not_known_any_more_its_files_are_not_named() -> None:
    assert departures(RUN, [scaffolded("t9"), *RUN[1:]]) == ["blueprint: another tree"]


def test_another_outcome_is_named() -> None:
    again = [*RUN[:4], verified(a=Outcome.FAILED, b=Outcome.MET)]
    assert departures(RUN, again) == [
        "verification: met now, and not in the record: API-STATUS:b",
        "verification: failed now, and not in the record: API-STATUS:a",
    ]


def test_what_is_checked_no_more_is_named() -> None:
    assert departures(RUN, [*RUN[:4], verified()]) == ["verification: in the record only: API-STATUS:a"]


def test_another_decision_ends_the_comparison() -> None:
    again = [*RUN[:2], given("b"), done("b", "t9")]
    assert departures(RUN, again) == [
        "assignment: a: the record goes on with assignment: a, this run goes on with assignment: b"
    ]


def test_an_end_that_comes_too_early_is_named() -> None:
    assert departures(RUN, RUN[:4]) == ["verification: the record goes on with verification, this run ends here"]


def test_an_assignment_that_was_cut_off_and_given_again_counts_once() -> None:
    killed = [*RUN[:3], answered("check"), Resumed(process=1), *RUN[2:]]
    assert departures(killed, RUN) == []


def test_a_journal_without_trees_departs_in_what_it_holds_alone() -> None:
    assert departures([scaffolded(""), *RUN[1:]], RUN) == []


def test_conversations_are_the_answers_of_finished_assignments() -> None:
    events: list[Event] = [given("a"), answered("x"), Resumed(process=1), given("a"), answered("y"), answered()]
    events += [done("a", "t1"), given("b"), answered("z"), done("b", "t2"), BudgetReached(limit="1 USD"), given("c")]
    first, second = conversations(events)
    assert [answer.tools for answer in first.answers] == [("y",), ()]
    assert (first.limited, second.limited) == (False, True)
