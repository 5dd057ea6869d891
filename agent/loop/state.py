"""Where a run stands: a fold over the events of its journal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agent.journal.events import (
    Assignment,
    AssignmentDone,
    BudgetReached,
    Delivered,
    Escalated,
    Event,
    GateSettled,
    ModelAnswered,
    ModelAsked,
    ModelRefused,
    OpenHole,
    Resumed,
    RunStarted,
    Scaffolded,
    Usage,
    Verified,
    WorkspaceOpened,
)
from agent.loop.assignments import assignments
from agent.receipts import Verdict


@dataclass(frozen=True, slots=True)
class State:
    """Where a run stands. Made by `state_of`, never changed by hand."""

    started: RunStarted | None = None
    opened: WorkspaceOpened | None = None
    commit: str | None = None
    """The last commit of the branch that the run itself made."""
    verdict: Verdict | None = None
    """Of the last verification."""
    verified_commit: str | None = None
    """The commit that `verdict` is about."""
    holes: tuple[OpenHole, ...] = ()
    replaced: tuple[str, ...] = ()
    """Files of the repository that the blueprint wrote anew."""
    waiting: tuple[Assignment, ...] = ()
    """What the last verification left open and nobody has worked on since."""
    fruitless: int = 0
    """Verifications in a row after work that left no fewer things open than the best one before."""
    fewest_open: int | None = None
    failures: int = 0
    """Assignments in a row that ended early and changed nothing: the model's provider is probably out of reach."""
    model: int = 0
    """Which of the run's models works, counted from 0."""
    tried: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By title of an assignment, the last words of those who worked on it in vain, whatever model they were."""
    failure: str = ""
    """Why the last assignment ended early; empty when it did not."""
    settled: tuple[GateSettled, ...] = ()
    """Gates settled since the last commit."""
    usage: Usage = field(default_factory=Usage)
    """What the model has cost; a request whose answer never came counts with the most that it could cost."""
    reserved: Usage | None = None
    """What the request that is under way can cost at most; None when none is."""
    active: timedelta = timedelta()
    """Time in which a process worked on it; pauses between a stop and a resume do not count."""
    last_at: datetime | None = None
    limit: str = ""
    """The budget limit that was hit; empty when none was."""
    delivered: Delivered | None = None

    @property
    def open(self) -> int:
        """How many checked obligations are not met, and holes not written."""
        return len(self.verdict.failed if self.verdict else ()) + len(self.holes)


def state_of(events: Iterable[Event]) -> State:
    """Where a run with these events stands."""
    state = State()
    for event in events:
        state = _after(_clocked(state, event), event)
    return state


def _clocked(state: State, event: Event) -> State:
    paused = isinstance(event, Resumed) or state.last_at is None or event.at is None
    passed = timedelta() if paused or state.last_at is None or event.at is None else event.at - state.last_at
    return replace(state, active=state.active + max(passed, timedelta()), last_at=event.at)


def _after(state: State, event: Event) -> State:
    match event:
        case RunStarted():
            return replace(state, started=event)
        case WorkspaceOpened():
            return replace(state, opened=event)
        case Scaffolded():
            return replace(state, commit=event.commit, holes=event.holes, replaced=event.replaced, settled=())
        case ModelAsked() | ModelRefused() | ModelAnswered():
            return _spent(state, event)
        case AssignmentDone():
            return _worked(_charged(state), event)
        case Escalated():
            return _again(replace(state, model=state.model + 1))
        case GateSettled():
            return replace(state, settled=(*state.settled, event))
        case Verified():
            return _verified(state, event)
        case BudgetReached():
            return replace(state, limit=event.limit)
        case Delivered():
            return replace(state, delivered=event)
        case Resumed():
            return _resumed(_charged(state))
        case _:
            return state


def _worked(state: State, event: AssignmentDone) -> State:
    in_vain = bool(event.failure) and event.commit == state.commit
    said = (*state.tried.get(event.title, ()), event.said or event.failure)
    return replace(
        state,
        commit=event.commit,
        waiting=tuple(one for one in state.waiting if one.title != event.title),
        failures=state.failures + 1 if in_vain else 0,
        failure=event.failure,
        tried={**state.tried, event.title: said},
        settled=(),
    )


def _spent(state: State, event: ModelAsked | ModelRefused | ModelAnswered) -> State:
    match event:
        case ModelAsked():
            return replace(_charged(state), reserved=event.reserved)
        case ModelRefused():
            return replace(state, reserved=None)
        case ModelAnswered():
            return replace(state, usage=state.usage + event.usage, reserved=None)


def _charged(state: State) -> State:
    """A request that ended without an answer may have been billed all the same."""
    return replace(state, usage=state.usage + state.reserved, reserved=None) if state.reserved else state


def _resumed(state: State) -> State:
    """Limits and patience begin anew, with the first model."""
    return _again(replace(state, limit="", delivered=None, model=0))


def _again(state: State) -> State:
    """Patience begins anew, and when everything had been tried, everything open is tried again."""
    tried = not state.waiting and state.verdict is not None and state.commit == state.verified_commit
    waiting = assignments(state.verdict, state.holes) if tried and state.verdict else state.waiting
    return replace(state, fruitless=0, failures=0, failure="", waiting=waiting)


def _verified(state: State, event: Verified) -> State:
    now_open = len(event.verdict.failed) + len(event.holes)
    best = state.fewest_open
    better = best is None or now_open < best
    return replace(
        state,
        verdict=event.verdict,
        verified_commit=state.commit,
        holes=event.holes,
        waiting=assignments(event.verdict, event.holes),
        fewest_open=now_open if better else best,
        fruitless=0 if better else state.fruitless + 1,
        settled=(),
    )
