"""The loop: given where a run stands, what to do next. It decides, and does nothing."""

from __future__ import annotations

from dataclasses import dataclass

from agent.journal.events import Assignment, Ending
from agent.loop.state import State

PATIENCE = 3
"""Verifications without progress, or assignments in vain, after which the work ends."""


@dataclass(frozen=True, slots=True)
class Scaffold:
    """Let the blueprint write what needs no judgement."""


@dataclass(frozen=True, slots=True)
class Verify:
    """Run the checklist on the tree as it is."""


@dataclass(frozen=True, slots=True)
class Work:
    """Give the developer an assignment."""

    assignment: Assignment
    singly: bool = False
    """Ask for one function at a time, without tools."""


@dataclass(frozen=True, slots=True)
class Escalate:
    """Let the next model of the list go on."""

    why: str


@dataclass(frozen=True, slots=True)
class Deliver:
    """Write the reports and stop."""

    ending: Ending


Move = Scaffold | Verify | Work | Escalate | Deliver


def next_move(state: State, *, models: int, singly: bool = False) -> Move:
    """What to do next. `models`: how many there are to try; with none nobody can work on what the blueprint leaves.
    `singly`: the one at work is asked for single functions before it is given tools."""
    if state.commit is None:
        return Scaffold()
    if state.verdict is None and not (models and state.holes):
        return Verify()
    if not state.open:
        return Deliver(Ending.COMPLETE)
    if not models:
        return Deliver(Ending.INCOMPLETE)
    unverified = state.commit != state.verified_commit
    if state.limit:
        return Verify() if unverified else Deliver(Ending.BUDGET)
    if state.waiting and max(state.fruitless, state.failures) < PATIENCE:
        first = state.waiting[0]
        return Work(first, singly=singly and bool(first.holes) and first.title not in state.singly)
    more = state.model + 1 < models and state.workable
    if unverified and not (more and state.untouched):
        return Verify()
    return Escalate(_why(state)) if more else Deliver(Ending.STALLED)


def _why(state: State) -> str:
    if state.given_up:
        return "; ".join(f"{title}: {one.why}" for title, one in state.given_up.items())
    if state.failure:
        return state.failure
    if state.fruitless:
        return f"{state.fruitless} verifications in a row without progress"
    return "it changed nothing"
