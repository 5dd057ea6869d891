"""Ends a run: the delivery, made from where the run stands, and its reports."""

from __future__ import annotations

from pathlib import Path

from agent.delivery.model import Delivery, DeliveryOutcome
from agent.delivery.reports import write_reports
from agent.journal.events import Delivered, Ending, GateSettled
from agent.loop.state import State, state_of
from agent.orchestrator.session import Session
from agent.workspace.model import Workspace
from tools.sandbox.base import SandboxKind

_OUTCOMES: dict[Ending, DeliveryOutcome] = {
    Ending.COMPLETE: "complete",
    Ending.INCOMPLETE: "incomplete",
    Ending.STALLED: "incomplete",
    Ending.BUDGET: "budget",
}


def deliver(session: Session, workspace: Workspace, state: State, ending: Ending) -> Delivery:
    """Write the reports of a run that is over, and record its end."""
    delivery = _delivery(session, state, _OUTCOMES[ending], workspace.sandbox.kind)
    write_reports(session.folder, delivery)
    session.happened(Delivered(ending=ending, exit_code=delivery.exit_code))
    return delivery


def deliver_interrupted(session: Session) -> Delivery:
    """Write the reports of a run that the user stopped; it can be resumed."""
    state = state_of(session.journal.events)
    sandbox: SandboxKind = "none" if session.record.sandbox == "none" else "bubblewrap"
    delivery = _delivery(session, state, "interrupted", sandbox)
    write_reports(session.folder, delivery)
    return delivery


def _delivery(session: Session, state: State, outcome: DeliveryOutcome, sandbox: SandboxKind) -> Delivery:
    return Delivery(
        run=session.folder.name,
        title=session.record.title,
        stack=session.record.stack,
        model=session.record.model,
        outcome=outcome,
        stopped_by=state.limit,
        branch=state.opened.branch if state.opened else None,
        commit=state.commit,
        worktree=Path(state.opened.worktree) if state.opened else None,
        verdict=state.verdict,
        holes=state.holes,
        usage=state.usage,
        sandbox=sandbox,
        seconds=seconds_by_stage(session),
        warnings=(*session.record.warnings, *_assumed(session, state)),
    )


def seconds_by_stage(session: Session) -> dict[str, float]:
    """Wall time of each stage, all processes of the run together; gates run side by side."""
    stages: dict[str, float] = {}
    for event in session.journal.events:
        seconds = getattr(event, "seconds", None)
        if seconds is None:
            continue
        name = f"gate {event.gate}" if isinstance(event, GateSettled) else event.kind
        stages[name] = round(stages.get(name, 0.0) + seconds, 3)
    return stages


def _assumed(session: Session, state: State) -> tuple[str, ...]:
    found = []
    if state.replaced:
        found.append(f"On the branch the blueprint replaced files that were there: {', '.join(state.replaced)}.")
    if session.record.sandbox == "none":
        found.append("The delivered code ran without a sandbox while it was checked: --sandbox none.")
    if state.usage.requests and state.usage.usd is None:
        found.append(f"The price of {session.record.model} is not known, so neither is what the run cost.")
    if state.failure:
        found.append(f"The model's last assignment ended early: {state.failure}")
    return tuple(found)
