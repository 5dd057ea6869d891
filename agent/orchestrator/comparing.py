"""Where a run that is done again departs from its record. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest

from pydantic import BaseModel, ConfigDict

from agent.journal.events import AssignmentDone, AssignmentGiven, Event, ModelAnswered, Scaffolded, Verified
from agent.receipts import Verdict

Step = Scaffolded | AssignmentGiven | AssignmentDone | Verified
Listing = Callable[[str], Mapping[str, str]]
"""Given a tree's hash, its files (path → hash of the content); none where the tree is not known any more."""

_NAMED = 20


class Departure(BaseModel):
    """One thing that is not as it was recorded."""

    model_config = ConfigDict(frozen=True)

    step: str
    """After what: `blueprint`, `developer: src/services/orders.py`, `verification`."""
    what: str
    """In words."""


class Replay(BaseModel):
    """What came of doing a recorded run again."""

    model_config = ConfigDict(frozen=True)

    run: str
    assignments: int
    answers: int
    """Of the model, taken from the record."""
    verifications: int
    departures: tuple[Departure, ...]
    """In order; the first one may be the cause of the others."""


def compared(run: str, recorded: Sequence[Event], again: Sequence[Event], before: Listing, after: Listing) -> Replay:
    """The record and the run that was made from it, step by step. `before` and `after` list their trees."""
    steps = _steps(again)
    return Replay(
        run=run,
        assignments=sum(isinstance(event, AssignmentDone) for event in steps),
        answers=sum(isinstance(event, ModelAnswered) for event in again),
        verifications=sum(isinstance(event, Verified) for event in steps),
        departures=tuple(_departures(_steps(recorded), steps, before, after)),
    )


def _steps(events: Sequence[Event]) -> list[Step]:
    """What decides about the tree; an assignment that a kill cut off, and that was given again, counts once."""
    steps: list[Step] = []
    for event in events:
        if isinstance(event, Step):
            if steps and isinstance(steps[-1], AssignmentGiven) and not isinstance(event, AssignmentDone):
                steps.pop()
            steps.append(event)
    return steps


def _departures(
    recorded: Sequence[Step], again: Sequence[Step], before: Listing, after: Listing
) -> Iterator[Departure]:
    for old, new in zip_longest(recorded, again):
        if old is None or new is None or _name(old) != _name(new):
            done = f"the record goes on with {_name(old)}" if old else "the record ends here"
            here = f"this run goes on with {_name(new)}" if new else "this run ends here"
            yield Departure(step=_name(old or new), what=f"{done}, {here}")
            return
        yield from _of_step(old, new, before, after)


def _of_step(old: Step, new: Step, before: Listing, after: Listing) -> Iterator[Departure]:
    match old, new:
        case (Scaffolded() | AssignmentDone(), Scaffolded() | AssignmentDone()) if old.tree and old.tree != new.tree:
            files = _differing(before(old.tree), after(new.tree))
            yield Departure(step=_name(old), what=f"another tree{files}")
        case Verified(), Verified():
            for what in _outcomes(old.verdict, new.verdict):
                yield Departure(step=_name(old), what=what)


def _name(step: Step) -> str:
    match step:
        case Scaffolded():
            return "blueprint"
        case AssignmentGiven():
            return f"assignment: {step.assignment.title}"
        case AssignmentDone():
            return f"developer: {step.title}"
        case Verified():
            return "verification"


def _differing(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """`: src/main.py`; empty where one of the trees is not known."""
    if not old or not new:
        return ""
    return f": {_some(sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path)))}"


def _outcomes(old: Verdict, new: Verdict) -> Iterator[str]:
    before = {one.obligation.id: one.outcome for one in old.receipts}
    after = {one.obligation.id: one.outcome for one in new.receipts}
    for outcome in dict.fromkeys((*before.values(), *after.values())):
        names = [name for name, now in after.items() if now == outcome != before.get(name)]
        if names:
            yield f"{outcome} now, and not in the record: {_some(names)}"
    gone = [name for name in before if name not in after]
    if gone:
        yield f"in the record only: {_some(gone)}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
