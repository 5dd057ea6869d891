"""The budget is the whole run's: what earlier assignments and earlier processes used is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from agent.developer.allowance import Allowance
from agent.errors import BudgetExhausted
from agent.journal.events import (
    AssignmentDone,
    Event,
    Interrupted,
    ModelAnswered,
    ModelAsked,
    ModelRefused,
    Resumed,
    RunStarted,
    Usage,
)
from agent.loop.state import state_of
from agent.orchestrator.budget import allowance, in_words
from agent.orchestrator.record import RunRecord

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
STARTED = RunStarted(
    run="r-1",
    title="t",
    stack="python-fastapi",
    model="m",
    sandbox="auto",
    operations=1,
    tables=1,
    blueprint=True,
    at=BEGIN,
)


def record(
    usd: str | None = None, minutes: float | None = None, requests: int | None = None, tokens: int | None = None
) -> RunRecord:
    return RunRecord(
        title="t",
        slug="t",
        description="",
        acceptance="",
        stack="python-fastapi",
        models=("m",),
        sandbox="auto",
        blueprint=True,
        max_usd=None if usd is None else Decimal(usd),
        max_minutes=minutes,
        max_requests=requests,
        max_tokens=tokens,
        folder=None,
        repository=None,
        base=None,
    )


def answered(minute: float, usd: str | None = "0.50") -> Event:
    cost = None if usd is None else Decimal(usd)
    return ModelAnswered(
        usage=Usage(requests=1, input_tokens=900, output_tokens=100, usd=cost), at=BEGIN + timedelta(minutes=minute)
    )


def test_without_limits_nothing_is_limited() -> None:
    assert allowance(record(), state_of([STARTED, answered(100)])) == Allowance()


def test_what_was_used_is_taken_off_each_limit() -> None:
    left = allowance(record("2", 10, 5), state_of([STARTED, answered(1), answered(4)]))
    assert left == Allowance(usd=Decimal("1.00"), seconds=6 * 60, requests=3)


def test_a_resumed_run_has_what_was_left_and_the_pause_costs_no_time() -> None:
    stopped = Interrupted(at=BEGIN + timedelta(minutes=4))
    resumed = Resumed(process=1, at=BEGIN + timedelta(hours=9))
    left = allowance(record("2", 10, 5), state_of([STARTED, answered(1), stopped, resumed]))
    assert left == Allowance(usd=Decimal("1.50"), seconds=6 * 60, requests=4)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (record(usd="1.00"), "1.00 USD"),
        (record(minutes=4), "4 minutes"),
        (record(minutes=1.5), "1.5 minutes"),
        (record(requests=2), "2 model requests"),
        (record(tokens=2_000), "2000 tokens"),
    ],
)
def test_a_limit_that_is_used_up_is_named(limits: RunRecord, words: str) -> None:
    with pytest.raises(BudgetExhausted, match=f"^{words}$"):
        allowance(limits, state_of([STARTED, answered(1), answered(4)]))


def test_limits_in_words() -> None:
    limits = record("2.50", 30, 40)
    assert in_words(limits, "usd") == "2.50 USD"
    assert in_words(limits, "minutes") == "30 minutes"
    assert in_words(limits, "model_requests") == "40 model requests"


WORST = Usage(requests=1, input_tokens=5_000, output_tokens=1_000, usd=Decimal("0.90"))


@pytest.mark.parametrize(
    "end",
    [
        Resumed(process=2),
        AssignmentDone(title="t", commit="c", said="", failure="the time was up"),
        ModelAsked(reserved=WORST),
    ],
)
def test_a_request_whose_answer_never_came_counts_with_the_most_that_it_could_cost(end: Event) -> None:
    state = state_of([STARTED, answered(1), ModelAsked(reserved=WORST), end])
    assert state.usage.usd == Decimal("1.40")
    assert state.usage.requests == 2


def test_an_answer_or_a_refusal_takes_the_place_of_what_was_set_aside() -> None:
    asked = ModelAsked(reserved=WORST)
    state = state_of([STARTED, asked, answered(1), asked, ModelRefused(reason="529"), Resumed(process=2)])
    assert state.usage.usd == Decimal("0.50")
