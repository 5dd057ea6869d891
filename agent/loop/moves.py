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


@dataclass(frozen=True, slots=True)
class Deliver:
    """Write the reports and stop."""

    ending: Ending


Move = Scaffold | Verify | Work | Deliver


def next_move(state: State, *, offline: bool) -> Move:
    """What to do next. `offline`: no model is configured, so nobody can work on what the blueprint leaves open."""
    if state.commit is None:
        return Scaffold()
    if state.verdict is None:
        return Verify()
    if not state.open:
        return Deliver(Ending.COMPLETE)
    if offline:
        return Deliver(Ending.INCOMPLETE)
    changed = state.commit != state.verified_commit
    if state.limit:
        return Verify() if changed else Deliver(Ending.BUDGET)
    if state.waiting and max(state.fruitless, state.failures) < PATIENCE:
        return Work(state.waiting[0])
    return Verify() if changed else Deliver(Ending.STALLED)
