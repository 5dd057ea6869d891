"""Ends a run: the delivery, made from its record and its journal alone, and its reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel

from agent.contract.model import Contract
from agent.delivery.handoffs import write_handoffs
from agent.delivery.model import ChangedFile, Delivery, DeliveryOutcome
from agent.delivery.reports import write_reports
from agent.delivery.service_map import ServiceMap, service_map
from agent.delivery.spending import spending
from agent.delivery.written import Written, written
from agent.journal.events import Delivered, Ending, Event, GateSettled, PackageRefused, Resumed
from agent.loop.moves import Deliver, next_move
from agent.loop.state import State, state_of, steps_of
from agent.orchestrator.confining import unprotected
from agent.orchestrator.options import OFFLINE, in_words
from agent.orchestrator.record import RunRecord
from agent.orchestrator.session import Session
from tools.redaction.models import redacted

_OUTCOMES: dict[Ending, DeliveryOutcome] = {
    Ending.COMPLETE: "complete",
    Ending.INCOMPLETE: "incomplete",
    Ending.STALLED: "incomplete",
    Ending.BUDGET: "budget",
}


class _Kept(BaseModel):
    service: ServiceMap | None = None
    written: tuple[Written, ...] = ()


def deliver(session: Session, ending: Ending) -> Delivery:
    """Write the reports and handoffs of a run that is over, and record its end."""
    delivery = _with_map(session, _OUTCOMES[ending])
    write_reports(session.folder, delivery)
    write_handoffs(session.folder, delivery, session.inputs.contract)
    session.happened(Delivered(ending=ending, exit_code=delivery.exit_code))
    return delivery


def deliver_interrupted(session: Session) -> Delivery:
    """Write the reports of a run that the user stopped; it can be resumed."""
    delivery = _with_map(session, "interrupted")
    write_reports(session.folder, delivery)
    return delivery


def delivered_before(folder: Path, record: RunRecord, events: Sequence[Event], *, models: int) -> Delivery | None:
    """What the run delivered; None when it did not, or when one of `models` (how many) had something to do in it."""
    last = events[-1] if events else None
    if not isinstance(last, Delivered):
        return None
    move = next_move(state_of((*events, Resumed(process=0))), models=models)
    if not isinstance(move, Deliver):
        return None
    delivery = _delivery(folder, record, events, _OUTCOMES[last.ending])
    kept = _kept(folder)
    return delivery.model_copy(
        update={"service": kept.service, "written": kept.written or _written(record, events, None)}
    )


def _kept(folder: Path) -> _Kept:
    """What the contract was needed for, from the report that the run wrote, already redacted; empty when it is gone."""
    report = folder / "report.json"
    return _Kept.model_validate_json(report.read_bytes()) if report.exists() else _Kept()


def _written(record: RunRecord, events: Sequence[Event], contract: Contract | None) -> tuple[Written, ...]:
    names = record.models or (OFFLINE,)
    steps = ((event, names[min(state.model, len(names) - 1)]) for event, state, _ in steps_of(events))
    return written(steps, state_of(events).verdict, contract)


def _with_map(session: Session, outcome: DeliveryOutcome) -> Delivery:
    inputs = session.inputs
    delivery = _delivery(session.folder, session.record, session.journal.events, outcome)
    told = {
        "service": service_map(inputs.catalog, inputs.binding),
        "written": _written(session.record, session.journal.events, inputs.contract),
    }
    return redacted(delivery.model_copy(update=told))


def _delivery(folder: Path, record: RunRecord, events: Sequence[Event], outcome: DeliveryOutcome) -> Delivery:
    state = state_of(events)
    delivery = Delivery(
        run=folder.name,
        title=record.title,
        stack=record.stack,
        model=in_words(record.models),
        outcome=outcome,
        stopped_by=state.limit,
        branch=state.opened.branch if state.opened else None,
        commit=state.commit,
        worktree=Path(state.opened.worktree) if state.opened else None,
        changed=tuple(
            ChangedFile(path=path, by=tuple(dict.fromkeys(by))) for path, by in sorted(state.changed.items())
        ),
        verdict=state.verdict,
        holes=state.holes,
        usage=state.usage,
        spent=spending((event, after.usage) for event, _, after in steps_of(events)),
        sandbox=record.sandbox_kind,
        seconds=_seconds_by_stage(events),
        warnings=(*record.warnings, *_assumed(record, state), *_missing_packages(events)),
    )
    return redacted(delivery)


def _missing_packages(events: Sequence[Event]) -> Iterator[str]:
    refused = (event for event in events if isinstance(event, PackageRefused) and event.by == "project")
    yield from dict.fromkeys(f"A package of the project was not installed: {event.reason}" for event in refused)


def _seconds_by_stage(events: Sequence[Event]) -> dict[str, float]:
    """Wall time of each stage, all processes of the run together; gates run side by side."""
    stages: dict[str, float] = {}
    for event in events:
        seconds = getattr(event, "seconds", None)
        if seconds is None:
            continue
        name = f"gate {event.gate}" if isinstance(event, GateSettled) else event.kind
        stages[name] = round(stages.get(name, 0.0) + seconds, 3)
    return stages


def _assumed(record: RunRecord, state: State) -> tuple[str, ...]:
    found = []
    failed = {one.obligation.id for one in state.verdict.failed} if state.verdict else set[str]()
    if left := sorted(state.inherited & failed):
        found.append(f"Not met before the run began, no part of the task, and left as it was: {', '.join(left)}.")
    if state.replaced:
        found.append(f"On the branch the blueprint replaced files that were there: {', '.join(state.replaced)}.")
    if record.acceptance and state.usage.requests:
        notes = "; ".join(record.acceptance.splitlines())
        found.append(f"No check reads the task's acceptance notes; whether they hold is for a reader to say: {notes}")
    found += unprotected(record.sandbox_kind)
    if state.usage.requests and state.usage.usd is None:
        found.append(f"The price of {in_words(record.models)} is not known, so neither is what the run cost.")
    found += [f"Nobody works on {title} any more: {one.why}." for title, one in state.given_up.items()]
    if state.failure:
        found.append(f"The model's last assignment ended early: {state.failure}")
    return tuple(found)
