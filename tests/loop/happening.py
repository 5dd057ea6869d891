"""What happens in a run, in few words."""

from __future__ import annotations

from agent.journal.events import (
    AssignmentDone,
    Event,
    OpenHole,
    Scaffolded,
    Verified,
)
from agent.loop.moves import Work, next_move
from agent.loop.state import state_of
from agent.receipts import Outcome, Receipt, Verdict
from agent.rulebook.model import Gate

HOLE = OpenHole(name="src.services.tickets.merge", file="src/services/tickets.py", line=3, operation="POST /merge")


def receipt(subject: str, outcome: Outcome = Outcome.FAILED, found: str = "", rule: str = "API-METHODS") -> Receipt:
    return Receipt(rule=rule, subject=subject, gate=Gate.CONTRACT, outcome=outcome, found=found or subject)


def verified(*receipts: Receipt, holes: tuple[OpenHole, ...] = ()) -> Verified:
    met = receipt("GET /met", Outcome.MET)
    return Verified(verdict=Verdict(tree="t", receipts=(met, *receipts)), holes=holes, seconds=1)


def scaffolded(*holes: OpenHole) -> Scaffolded:
    return Scaffolded(commit="c0", files=1, holes=holes, seconds=1)


def done(title: str, commit: str) -> AssignmentDone:
    return AssignmentDone(title=title, commit=commit, said="done")


def after(*events: Event, models: int = 1, singly: bool = False) -> object:
    return next_move(state_of(events), models=models, singly=singly)


def work_after(*events: Event, models: int = 1) -> str:
    move = after(*events, models=models)
    assert isinstance(move, Work), move
    return move.assignment.title


def found(title: str, commit: str) -> AssignmentDone:
    return AssignmentDone(title=title, commit=commit, said="All tests pass.", found=("tests/test_a.py: weaker",))
