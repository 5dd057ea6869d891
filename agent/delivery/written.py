"""What a model wrote, and how much of it is proven. Pure.

The blueprint writes what contract and schema say. What a model writes is what they do not say, so no check can know
whether it is right: checks hold the answers against the contract's shapes, statuses and refusals, never against the
sense of a sentence. A reader is told both, sentence by sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, computed_field

from agent.contract.model import Contract
from agent.journal.events import AssignmentGiven, Event, OpenHole, Scaffolded, Verified
from agent.receipts import Outcome, Receipt, Verdict

_SHOWN = 20
"""Sentences of one description."""
_LENGTH = 400
"""Characters of one sentence."""
_END = re.compile(r"\n\s*(?:[-*+]|\d+[.)])\s+|\n\s*\n|(?<=[.!?;])\s+(?=[^\s*+-])")
"""Where a sentence, an item of a list or a paragraph ends."""
_THERE = "CON-PARITY"
"""The rule that an operation breaks which nobody has written."""


class _Published(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Proof(_Published):
    """A receipt of the operation that calls its obligation met."""

    rule: str
    ran: str
    """What was carried out."""


class Written(_Published):
    """One operation whose sense a model decided, as it could not be derived."""

    operation: str
    """`POST /tickets/{ticketId}/merge`."""
    function: str
    """Its qualified name; empty where the model chose where to write it."""
    by: tuple[str, ...]
    """The models that were given it: `provider:name`."""
    proven: tuple[Proof, ...]
    """The receipts of the operation that are met: what is known about it, and nothing more."""
    failed: tuple[str, ...]
    """Rules that it breaks."""
    unchecked: tuple[str, ...]
    """Rules that it owes and that no check settled."""
    asked: int | None
    """Requests of the delivered service's own passing tests; null where they were not run. Who wrote the function may
    have written them."""
    unseen: tuple[str, ...]
    """What the contract says that it does, sentence by sentence: no check looked at whether it does that."""

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def doubt(self) -> str:
        """What nobody checked, in one plain sentence."""
        if self.unseen:
            return "No check knows whether it does what its description says."
        return "The contract does not say what it does, so no check knows whether that is right."


@dataclass(slots=True)
class _Work:
    """What the events of a run tell about functions that a model was given."""

    holes: dict[str, OpenHole] = field(default_factory=dict)
    open: frozenset[str] = frozenset()
    by: dict[str, list[str]] = field(default_factory=dict)
    """Function or operation → models."""
    derived: bool = True
    """The blueprint wrote the service."""


def written(
    steps: Iterable[tuple[Event, str]], verdict: Verdict | None, contract: Contract | None
) -> tuple[Written, ...]:
    """What a model wrote and the last verification saw. `steps` are a run's events, each with the model at work."""
    work = _Work()
    for event, model in steps:
        _note(work, event, model)
    if verdict is None:
        return ()
    return tuple(_told(*one, verdict, contract) for one in _subjects(work, verdict))


def _note(work: _Work, event: Event, model: str) -> None:
    match event:
        case Scaffolded() | Verified():
            work.holes |= {hole.name: hole for hole in event.holes}
            work.open = frozenset(hole.name for hole in event.holes)
            if isinstance(event, Scaffolded):
                work.derived = not event.existing and event.files > 1  # a proposed schema is one file
        case AssignmentGiven():
            rules = (one.partition(":") for one in event.assignment.obligations)
            operations = [subject for rule, _, subject in rules if rule == _THERE]
            for name in (*(hole.name for hole in event.assignment.holes), *operations):
                work.by.setdefault(name, []).append(model)
        case _:
            pass


def _subjects(work: _Work, verdict: Verdict) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Operation, function and models of all that is not open any more."""
    for name, hole in work.holes.items():
        if name not in work.open:
            yield hole.operation, name, work.by.get(name, ())
    if not work.derived:
        there = {one.subject for one in verdict.receipts if one.rule == _THERE and one.outcome is Outcome.MET}
        given = {hole.operation for hole in work.holes.values()}
        for operation in work.by:
            if operation in there - given:
                yield operation, "", work.by[operation]


def _told(operation: str, function: str, by: Sequence[str], verdict: Verdict, contract: Contract | None) -> Written:
    mine = [one for one in verdict.receipts if one.subject == operation]
    tested = {one.operation: one.requests for one in verdict.measures.tested}
    return Written(
        operation=operation,
        function=function,
        by=tuple(dict.fromkeys(by)),
        proven=tuple(Proof(rule=one.rule, ran=one.ran) for one in mine if one.outcome is Outcome.MET),
        failed=_rules(mine, Outcome.FAILED),
        unchecked=_rules(mine, Outcome.UNCHECKED),
        asked=tested.get(operation),
        unseen=tuple(_sentences(operation, contract)),
    )


def _rules(receipts: Iterable[Receipt], outcome: Outcome) -> tuple[str, ...]:
    return tuple(one.rule for one in receipts if one.outcome is outcome)


def _sentences(operation: str, contract: Contract | None) -> Iterator[str]:
    """What the contract says in words; `contract` is None where it is not at hand."""
    if contract is None or all(one.key != operation for one in contract.operations):
        return
    said = contract.operation(operation)
    parts = (part for text in (said.summary, said.description) for part in _END.split(text))
    found = list(dict.fromkeys(" ".join(part.split())[:_LENGTH] for part in parts if part.strip()))
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        yield f"… and {len(found) - _SHOWN} more sentences of its description"
