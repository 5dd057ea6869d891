"""Where a run stands: a fold over the events of its journal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce

from agent.journal.events import (
    Assignment,
    AssignmentDone,
    AssignmentGiven,
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
from agent.loop.assignments import assignments, every_assignment, inherited, what_is_open
from agent.receipts import Verdict
from agent.rulebook.model import Gate

PATIENCE_WITH_ONE = 2
"""Verifications after work on one subject that left the same of it open; then the model is asked no more about it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of working on an assignment."""

    said: str
    """The model's last words; a claim."""
    ended: str = ""
    """Why it ended early; empty when it ended by itself."""
    found: tuple[str, ...] = ()
    """What in its changes only made checks pass."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A subject that the model at work is asked no more about, for as long as the same of it is open."""

    open: frozenset[str]
    why: str


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
    scaffolded_commit: str | None = None
    """The commit of the blueprint."""
    holes: tuple[OpenHole, ...] = ()
    replaced: tuple[str, ...] = ()
    """Files of the repository that the blueprint wrote anew."""
    existing: bool = False
    """The repository held a service before the run."""
    inherited: frozenset[str] = frozenset()
    """Ids of obligations that it failed before anybody worked on it, and that the task is not about."""
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Files that it held and that the run changed or took away → titles of the assignments."""
    waiting: tuple[Assignment, ...] = ()
    """What the blueprint or the last verification left open and nobody has worked on since."""
    fruitless: int = 0
    """Verifications in a row after work that left no fewer things open than the best one before."""
    fewest_open: int | None = None
    failures: int = 0
    """Assignments in a row that ended early and changed nothing: the model's provider is probably out of reach."""
    model: int = 0
    """Which of the run's models works, counted from 0."""
    tried: Mapping[str, tuple[Attempt, ...]] = field(default_factory=dict)
    """By title of an assignment, what came of working on it, whatever model it was."""
    warned: frozenset[str] = frozenset()
    """Titles of assignments in which the model at work was found to make checks pass without doing the work."""
    worked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By title of an assignment that was worked on since the last verification, what was open of it."""
    vain: Mapping[str, int] = field(default_factory=dict)
    """By title, verifications in a row after work of the model on it that left the same of it open."""
    given_up: Mapping[str, GivenUp] = field(default_factory=dict)
    """By title, what the model at work is asked no more about."""
    failure: str = ""
    """Why the last assignment ended early; empty when it did not."""
    settled: tuple[GateSettled, ...] = ()
    """Gates settled since the last commit."""
    singly: frozenset[str] = frozenset()
    """Assignments (titles) that the model at work was asked for one function at a time."""
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

    @property
    def workable(self) -> bool:
        """Something is open that a developer could work on."""
        failed = self.verdict.failed if self.verdict else ()
        mine = (one for one in failed if one.obligation.id not in self.inherited)
        return bool(self.holes) or any(one.gate is not Gate.DELIVERY for one in mine)

    @property
    def untouched(self) -> bool:
        """Nothing was changed since the last verification, or since the blueprint where there was none."""
        return self.commit == (self.scaffolded_commit if self.verdict is None else self.verified_commit)


def state_of(events: Iterable[Event]) -> State:
    """Where a run with these events stands."""
    return reduce(_next, events, State())


def steps_of(events: Iterable[Event]) -> Iterator[tuple[Event, State, State]]:
    """Each event with where the run stood before it, and after it."""
    state = State()
    for event in events:
        after = _next(state, event)
        yield event, state, after
        state = after


def _next(state: State, event: Event) -> State:
    return _after(_clocked(state, event), event)


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
            return _scaffolded(state, event)
        case ModelAsked() | ModelRefused() | ModelAnswered():
            return _spent(state, event)
        case AssignmentGiven() | AssignmentDone():
            return _at_work(state, event)
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


def _scaffolded(state: State, event: Scaffolded) -> State:
    return replace(
        state,
        commit=event.commit,
        scaffolded_commit=event.commit,
        holes=event.holes,
        replaced=event.replaced,
        existing=event.existing,
        waiting=assignments(None, event.holes),
        settled=(),
    )


def _at_work(state: State, event: AssignmentGiven | AssignmentDone) -> State:
    if isinstance(event, AssignmentDone):
        return _worked(_charged(state), event)
    return replace(state, singly=state.singly | {event.assignment.title}) if event.singly else state


def _worked(state: State, event: AssignmentDone) -> State:
    unchanged = event.commit == state.commit
    done = next((one for one in state.waiting if one.title == event.title), Assignment(title=event.title))
    still = tuple(hole for hole in done.holes if hole.name in event.unwritten)
    rest = tuple(one for one in state.waiting if one.title != event.title)
    why = _hopeless(state, event, unchanged=unchanged)
    warn = bool(event.found) and not why
    attempt = Attempt(event.said, event.failure, event.found)
    return replace(
        state,
        commit=event.commit,
        waiting=(*rest, done.model_copy(update={"holes": still or done.holes}))
        if warn or (still and not why)
        else rest,
        failures=state.failures + 1 if event.failure and unchanged and not event.circled else 0,
        failure=event.failure,
        tried={**state.tried, event.title: (*state.tried.get(event.title, ()), attempt)},
        warned=state.warned | {event.title} if warn else state.warned,
        worked={**state.worked, event.title: what_is_open(done)},
        given_up={**state.given_up, event.title: GivenUp(_left_open(done, event), why)} if why else state.given_up,
        changed={**state.changed, **{path: (*state.changed.get(path, ()), event.title) for path in event.changed}},
        settled=(),
    )


def _hopeless(state: State, event: AssignmentDone, *, unchanged: bool) -> str:
    """Why the model at work is asked no more about this; empty when it is."""
    if event.found and event.title in state.warned:
        return f"it went on making checks pass without doing the work: {event.found[0]}"
    if event.circled:
        return event.failure
    if event.beyond:
        return event.beyond
    idle = unchanged and not (event.failure or event.found or event.unwritten)
    return "it changed nothing" if idle else ""


def _left_open(done: Assignment, event: AssignmentDone) -> frozenset[str]:
    """What of it nobody has to be asked for again."""
    return frozenset(event.unwritten) if event.beyond else what_is_open(done)


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
    tried = not state.waiting and state.commit is not None and state.untouched
    waiting = assignments(state.verdict, state.holes, inherited=state.inherited) if tried else state.waiting
    fresh = replace(state, fruitless=0, failures=0, failure="", waiting=waiting)
    return replace(fresh, warned=frozenset(), singly=frozenset(), vain={}, given_up={})


def _verified(state: State, event: Verified) -> State:
    now_open = len(event.verdict.failed) + len(event.holes)
    best = state.fewest_open
    better = best is None or now_open < best
    vain = _vain(state, event)
    given_up = _given_up(state, event, vain)
    before = inherited(event.verdict) if state.existing and state.verdict is None else state.inherited
    return replace(
        state,
        verdict=event.verdict,
        verified_commit=state.commit,
        holes=event.holes,
        inherited=before,
        waiting=assignments(event.verdict, event.holes, given_up, before),
        vain=vain,
        worked={},
        given_up=given_up,
        fewest_open=now_open if better else best,
        fruitless=0 if better else state.fruitless + 1,
        settled=(),
    )


def _vain(state: State, event: Verified) -> dict[str, int]:
    now = {one.title: what_is_open(one) for one in every_assignment(event.verdict, event.holes)}
    fruitless = {title: before <= now.get(title, frozenset()) for title, before in state.worked.items() if before}
    return {**state.vain, **{title: state.vain.get(title, 0) + 1 if vain else 0 for title, vain in fruitless.items()}}


def _given_up(state: State, event: Verified, vain: Mapping[str, int]) -> dict[str, GivenUp]:
    """What stays given up because the same of it is open, and what is given up now."""
    now = {one.title: what_is_open(one) for one in every_assignment(event.verdict, event.holes)}
    kept = {title: one for title, one in state.given_up.items() if now.get(title) == one.open}
    new = [title for title, times in vain.items() if times >= PATIENCE_WITH_ONE and title in now and title not in kept]
    why = f"worked on {PATIENCE_WITH_ONE} times, and the same of it is open"
    return {**kept, **{title: GivenUp(now[title], why) for title in new}}
