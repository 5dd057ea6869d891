"""Explains a recorded run: for each decision, what it was made from. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.journal.events import (
    AssignmentDone,
    AssignmentGiven,
    BudgetReached,
    Delivered,
    Escalated,
    Event,
    ModelAnswered,
    Resumed,
    Scaffolded,
    Verified,
)
from agent.loop.state import State, steps_of
from agent.receipts import Outcome

_NAMED = 6


@dataclass(frozen=True, slots=True)
class Explained:
    """One line of the explanation."""

    at: datetime | None
    what: str
    because: tuple[str, ...] = ()


def explained(events: Iterable[Event]) -> Iterator[Explained]:
    """What was decided, in order, each with what it was decided from."""
    for event, before, after in steps_of(events):
        line = _line(event, before, after)
        if line:
            yield Explained(event.at, *line)


def _line(event: Event, before: State, after: State) -> tuple[str, tuple[str, ...]] | None:
    match event:
        case Scaffolded():
            left = f"files written: {event.files}; functions left open: {len(event.holes)}"
            return "blueprint", ("nothing was written yet", left)
        case Verified():
            return "verification", tuple(_verified(event, before, after))
        case AssignmentGiven():
            return f"assignment: {event.assignment.title}", tuple(_given(event, before))
        case ModelAnswered():
            tokens = f"{event.usage.input_tokens} tokens in, {event.usage.output_tokens} out"
            return f"answer: {', '.join(event.tools) or 'words alone'}", (tokens,)
        case AssignmentDone():
            return f"end of work: {event.title}", tuple(_done(event, before, after))
        case Escalated():
            return f"next model: {event.model}", (event.why,)
        case Resumed():
            return "resumed", ("limits and patience begin anew, with the first model",)
        case BudgetReached():
            return "limit reached", (event.limit, "what was written is verified, and what is proven is delivered")
        case Delivered():
            return f"delivery: {event.ending}, exit code {event.exit_code}", tuple(_delivered(before))
    return None


def _verified(event: Verified, before: State, after: State) -> Iterator[str]:
    yield f"the tree {event.verdict.tree[:12]} had not been verified"
    counts = event.verdict.count()
    yield f"{counts[Outcome.MET]} met, {counts[Outcome.FAILED]} failed; open functions: {len(event.holes)}"
    if before.fewest_open is not None:
        fewer = before.fewest_open - len(event.verdict.failed) - len(event.holes)
        yield (
            f"progress: {fewer} fewer open than ever before"
            if fewer > 0
            else f"no progress, {after.fruitless} in a row"
        )
    yield from _newly_given_up(before, after)
    if after.waiting:
        yield f"to be worked on: {_some([one.title for one in after.waiting])}"


def _given(event: AssignmentGiven, before: State) -> Iterator[str]:
    given = event.assignment
    if given.holes:
        yield f"functions to write: {_some([hole.name for hole in given.holes])}"
    if given.obligations:
        yield f"failed: {_some(given.obligations)}"
    yield f"first of {len(before.waiting)} waiting, by model {before.model + 1} of the list"
    if event.singly:
        yield "one function at a time, without tools: the price of this model is not known"
    tried = before.tried.get(given.title, ())
    if tried:
        yield f"worked on before: {len(tried)}; the last time: {_first(tried[-1].ended or tried[-1].said)}"


def _done(event: AssignmentDone, before: State, after: State) -> Iterator[str]:
    yield "it changed nothing" if event.commit == before.commit else f"its changes are commit {event.commit[:12]}"
    if event.said:
        yield f"it said: {_first(event.said)}"
    if event.failure:
        yield f"it ended early: {event.failure}"
    for found in event.found:
        yield f"found in its changes: {found}"
    if event.unwritten:
        after_all = "given up by this model" if event.beyond else "given once more, with tools"
        yield f"open still, and {after_all}: {_some(event.unwritten)}"
    if event.title in after.warned - before.warned:
        yield "it is told, and given the same once more"
    yield from _newly_given_up(before, after)


def _newly_given_up(before: State, after: State) -> Iterator[str]:
    for title, one in after.given_up.items():
        if title not in before.given_up:
            yield f"given up by this model: {title}: {one.why}"


def _delivered(before: State) -> Iterator[str]:
    if not before.open:
        yield "nothing is open"
        return
    yield f"open obligations and functions: {before.open}"
    if before.limit:
        yield f"the limit of {before.limit} is reached"
    for title, one in before.given_up.items():
        yield f"given up: {title}: {one.why}"
    if not before.waiting and not before.limit:
        yield "nobody is left to work on them"


def _first(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
