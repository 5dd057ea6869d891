"""What the model's work cost, by obligation and by gate. Pure.

A conversation is paid for as a whole, so what each obligation in it cost cannot be measured: the cost of an assignment
is shared equally among the obligations and functions that it was given. The shares add up to what the run cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import ROUND_DOWN, Decimal

from pydantic import BaseModel, ConfigDict

from agent.journal.events import Assignment, AssignmentGiven, Event, Usage, Verified
from agent.rulebook.model import Gate

_FINEST = Decimal("0.000000001")
"""Dollars; shares are no finer, and the first one takes what is left over."""


class Cost(BaseModel):
    """What something cost."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    input_tokens: int = 0
    """Cache reads and writes included."""
    output_tokens: int = 0
    usd: Decimal | None = None
    """Null when the price of the model is not known."""

    def __add__(self, other: Cost) -> Cost:
        known = [one for one in (self.usd, other.usd) if one is not None]
        return Cost(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            usd=sum(known, Decimal(0)) if known else None,
        )

    def shared(self, count: int) -> Iterator[Cost]:
        """So many equal shares, which together are all of it; the first ones are larger where it does not come out."""
        share = None if self.usd is None else (self.usd / count).quantize(_FINEST, ROUND_DOWN)
        for number in range(count):
            rest = 0 if share is None or self.usd is None or number else self.usd - share * count
            yield Cost(
                input_tokens=self.input_tokens // count + (number < self.input_tokens % count),
                output_tokens=self.output_tokens // count + (number < self.output_tokens % count),
                usd=None if share is None else share + rest,
            )


class Spent(BaseModel):
    """What was spent on one obligation, or on one function to write."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    name: str
    """The obligation's id, or the function's qualified name."""
    gate: Gate | None
    """The obligation's gate; null for a function to write."""
    assignments: int
    """How many it was part of."""
    cost: Cost
    """Its equal shares of what they cost."""


class GateSpent(BaseModel):
    """What was spent on one gate."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    gate: Gate | None
    """Null: functions to write."""
    obligations: int
    """How many obligations or functions the model was given."""
    cost: Cost
    """All of them together."""


def spending(steps: Iterable[tuple[Event, Usage]]) -> tuple[Spent, ...]:
    """What each obligation and each function cost, the dearest first. `steps` are the events of a run, each with all
    that the model had cost after it."""
    run = tuple(steps)
    settled = (receipt for event, _ in run if isinstance(event, Verified) for receipt in event.verdict.receipts)
    gates = {receipt.obligation.id: receipt.gate for receipt in settled}
    found: dict[str, tuple[int, Cost]] = {}
    for assignment, bill in _bills(run):
        names = _names(assignment)
        for name, share in zip(names, bill.shared(len(names)), strict=True):
            times, cost = found.get(name, (0, Cost()))
            found[name] = times + 1, cost + share
    spent = (Spent(name=name, gate=gates.get(name), assignments=n, cost=cost) for name, (n, cost) in found.items())
    return tuple(sorted(spent, key=lambda one: (-(one.cost.usd or 0), -one.cost.input_tokens, one.name)))


def by_gate(spent: Iterable[Spent]) -> tuple[GateSpent, ...]:
    """The sums: functions to write first, then the gates in their order."""
    groups: dict[Gate | None, list[Spent]] = {gate: [] for gate in (None, *Gate)}
    for one in spent:
        groups[one.gate].append(one)
    return tuple(
        GateSpent(gate=gate, obligations=len(members), cost=sum((one.cost for one in members), Cost()))
        for gate, members in groups.items()
        if members
    )


def _bills(steps: Iterable[tuple[Event, Usage]]) -> Iterator[tuple[Assignment, Cost]]:
    """Each assignment with what it cost."""
    given, bill, before = None, Cost(), Usage()
    for event, after in steps:
        if isinstance(event, AssignmentGiven):
            if given:
                yield given, bill
            given, bill = event.assignment, Cost()
        bill, before = bill + _difference(before, after), after
    if given:
        yield given, bill


def _difference(before: Usage, after: Usage) -> Cost:
    priced = after.usd is not None and (after.usd != before.usd or after.tokens == before.tokens)
    return Cost(
        input_tokens=after.input_tokens - before.input_tokens,
        output_tokens=after.output_tokens - before.output_tokens,
        usd=(after.usd or Decimal(0)) - (before.usd or Decimal(0)) if priced else None,
    )


def _names(assignment: Assignment) -> tuple[str, ...]:
    """Everything that it was given; its title where that is nothing."""
    return (*(hole.name for hole in assignment.holes), *assignment.obligations) or (assignment.title,)
