"""What a model cost is shared among what it was paid for, and nothing gets lost or is counted twice."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as some

from agent.delivery.spending import Cost, Spent, by_gate, spending
from agent.journal.events import (
    Assignment,
    AssignmentDone,
    AssignmentGiven,
    Event,
    ModelAnswered,
    ModelAsked,
    Resumed,
    Usage,
    Verified,
)
from agent.loop.state import state_of, steps_of
from agent.rulebook.model import Gate
from tests.delivery.examples import FAILURE, HOLE, SAME, verdict

COVER, STATUS = "TST-COVER:files", tuple(one.obligation.id for one in SAME)


def checked() -> Verified:
    return Verified(verdict=verdict(FAILURE, *SAME), holes=(HOLE,), seconds=1)


def worked(usages: Sequence[Usage], *names: str, hole: bool = False) -> tuple[Event, ...]:
    """An assignment about these obligations, and maybe the function, with answers that cost so much."""
    assignment = Assignment(title="src/a.py", holes=(HOLE,) if hole else (), obligations=names)
    answers = (ModelAnswered(usage=usage) for usage in usages)
    return AssignmentGiven(assignment=assignment), *answers, AssignmentDone(title="src/a.py", commit="c", said="")


def paid(usd: str | None, tokens: int = 100) -> Usage:
    return Usage(requests=1, input_tokens=tokens, output_tokens=10, usd=None if usd is None else Decimal(usd))


def spent(*events: Event) -> tuple[Spent, ...]:
    return spending((event, after.usage) for event, _, after in steps_of(events))


def test_a_run_without_a_model_spent_nothing() -> None:
    assert spent(checked()) == ()
    assert by_gate(()) == ()


def test_an_assignment_is_paid_for_by_all_that_it_was_given_in_equal_shares() -> None:
    found = spent(checked(), *worked([paid("0.20"), paid("0.10")], COVER, STATUS[0], hole=True))
    assert {one.name for one in found} == {HOLE.name, COVER, STATUS[0]}
    assert {one.cost.usd for one in found} == {Decimal("0.1")}
    assert sorted(one.cost.input_tokens for one in found) == [66, 67, 67]


def test_what_was_worked_on_twice_is_paid_for_twice() -> None:
    found = spent(checked(), *worked([paid("0.20")], COVER), checked(), *worked([paid("0.10")], COVER, STATUS[0]))
    dear, cheap = found
    assert (dear.name, dear.assignments, dear.cost.usd) == (COVER, 2, Decimal("0.25"))
    assert (cheap.name, cheap.assignments, cheap.cost.usd) == (STATUS[0], 1, Decimal("0.05"))


def test_gates_are_summed_and_functions_to_write_stand_apart() -> None:
    found = spent(checked(), *worked([paid("0.4")], COVER, *STATUS[:2], hole=True))
    assert [(one.gate, one.obligations, one.cost.usd) for one in by_gate(found)] == [
        (None, 1, Decimal("0.1")),
        (Gate.ERRORS, 2, Decimal("0.2")),
        (Gate.TESTS, 1, Decimal("0.1")),
    ]


def test_an_answer_that_a_kill_cut_off_counts_with_its_worst_case_where_it_was_asked_for() -> None:
    begun = worked([], COVER)[0]
    events = (checked(), begun, ModelAsked(reserved=paid("0.5")), Resumed(process=1), *worked([paid("0.1")], STATUS[0]))
    found = spent(*events)
    assert {one.name: one.cost.usd for one in found} == {COVER: Decimal("0.5"), STATUS[0]: Decimal("0.1")}


def test_without_a_known_price_tokens_are_counted_alone() -> None:
    (one,) = spent(checked(), *worked([paid(None)], COVER))
    assert one.cost == Cost(input_tokens=100, output_tokens=10, usd=None)


def test_a_model_with_a_price_after_one_without() -> None:
    found = spent(checked(), *worked([paid(None)], COVER), *worked([paid("0.1")], STATUS[0]))
    assert {one.name: one.cost.usd for one in found} == {COVER: None, STATUS[0]: Decimal("0.1")}


PRICES = some.none() | some.decimals(0, 10, places=8)
USAGES = some.lists(some.builds(paid, PRICES.map(lambda usd: usd and str(usd)), some.integers(0, 10_000)), max_size=4)
NAMES = some.lists(some.sampled_from((COVER, *STATUS)), min_size=1, unique=True)


@given(some.lists(some.tuples(USAGES, NAMES, some.booleans()), max_size=5))
def test_the_shares_add_up_to_what_the_run_cost(rounds: list[tuple[list[Usage], list[str], bool]]) -> None:
    events = [checked(), *(event for usages, names, hole in rounds for event in worked(usages, *names, hole=hole))]
    total = sum((one.cost for one in spent(*events)), Cost())
    usage = state_of(events).usage
    assert (total.input_tokens, total.output_tokens) == (usage.input_tokens, usage.output_tokens)
    assert (total.usd or 0) == (usage.usd or 0)
    assert sum((one.cost for one in by_gate(spent(*events))), Cost()) == total
