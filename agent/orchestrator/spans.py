"""What the spans of a run tell of it: names, counts and reasons, never what was said to a model or by one. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from opentelemetry.util.types import AttributeValue

from agent.journal.events import (
    AssignmentDone,
    AssignmentGiven,
    BudgetReached,
    Delivered,
    Escalated,
    Event,
    GateSettled,
    ModelRefused,
    PackageAdded,
    Resumed,
    RunStarted,
    Scaffolded,
    Verified,
    WorkspaceOpened,
)
from agent.receipts import Receipt

Attributes = dict[str, AttributeValue]
_PREFIX = "backend_developer"


def attributes_of(event: Event) -> Attributes:
    """What an event adds to the span in which it happened; nothing for most."""
    return {f"{_PREFIX}.{name}": value for name, value in _attributes(event)}


def moment_of(event: Event) -> tuple[str, Attributes] | None:
    """Name and attributes of what is marked at its moment within a span; None for most events."""
    match event:
        case Escalated():
            return "escalated", {f"{_PREFIX}.model": event.model}
        case BudgetReached():
            return "budget reached", {f"{_PREFIX}.limit": event.limit}
        case PackageAdded():
            return "package added", {f"{_PREFIX}.requirement": event.requirement}
        case ModelRefused() | Resumed():
            return event.kind, {}
        case _:
            return None


def _attributes(event: Event) -> Iterator[tuple[str, AttributeValue]]:
    match event:
        case RunStarted():
            yield from {"run": event.run, "stack": event.stack, "model": event.model, "sandbox": event.sandbox}.items()
            yield from {"operations": event.operations, "tables": event.tables}.items()
        case WorkspaceOpened():
            yield "branch", event.branch
        case Scaffolded():
            yield from {"files": event.files, "holes": len(event.holes)}.items()
        case AssignmentGiven():
            yield "assignment", event.assignment.title
            yield "holes", [hole.name for hole in event.assignment.holes]
            yield "obligations", event.assignment.obligations
        case AssignmentDone():
            yield from {"by_itself": not event.failure, "circled": event.circled}.items()
            yield "offences", len(event.found)
        case GateSettled():
            yield from {"gate": str(event.gate), "check": event.check, "tree": event.tree}.items()
            yield from _counted(event.receipts)
        case Verified():
            yield "tree", event.verdict.tree
            yield "holes", len(event.holes)
            yield from _counted(event.verdict.receipts)
        case Delivered():
            yield "ending", str(event.ending)
            yield "exit_code", event.exit_code


def _counted(receipts: Sequence[Receipt]) -> Iterator[tuple[str, AttributeValue]]:
    """How many ended how: `met`, `failed` ..., and which obligations failed."""
    counts = Counter(str(receipt.outcome) for receipt in receipts)
    yield from sorted(counts.items())
    if counts["failed"]:
        yield "not_met", [receipt.obligation.id for receipt in receipts if receipt.outcome == "failed"]
