"""The delivery as one page for a browser: no script, nothing fetched, readable in light and dark, narrow and wide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from agent.delivery.model import Delivery
from agent.delivery.page.diagram import diagram
from agent.delivery.page.latency import chart
from agent.receipts import Outcome, Receipt, TestedOperation
from agent.rulebook.loading import load_rulebook
from agent.rulebook.model import Gate
from prompts.marking import visible

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule, and how it was settled everywhere."""

    id: str
    text: str
    receipts: tuple[Receipt, ...]

    def count(self, outcome: str) -> int:
        """How many receipts ended so."""
        return sum(receipt.outcome == outcome for receipt in self.receipts)

    @property
    def outcome(self) -> Outcome:
        """The weightiest of its receipts."""
        order = (Outcome.FAILED, Outcome.INPUT, Outcome.MET, Outcome.UNCHECKED)
        return next(one for one in order if self.count(one))


@dataclass(frozen=True, slots=True)
class GateView:
    """One gate with its rules."""

    name: str
    rules: tuple[RuleView, ...]

    def count(self, outcome: str) -> int:
        """How many receipts of all rules ended so."""
        return sum(rule.count(outcome) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class OperationView:
    """One operation: its obligations, and what the tests did with it."""

    key: str
    met: int
    failed: int
    unchecked: int
    tested: TestedOperation | None


def report_page(delivery: Delivery) -> str:
    """The whole page. Everything in it comes from the delivery, and is escaped: none of it is trusted."""
    return (
        _environment()
        .get_template("report.html")
        .render(
            d=delivery,
            gates=tuple(_gates(delivery.receipts)),
            operations=tuple(_operations(delivery)),
            latency=delivery.measures.latency and chart(delivery.measures.latency),
            map=delivery.service and diagram(delivery.service),
            counts={outcome.value: sum(one.outcome is outcome for one in delivery.receipts) for outcome in Outcome},
        )
    )


def _gates(receipts: Sequence[Receipt]) -> Iterator[GateView]:
    texts = {rule.id: rule.text for rule in load_rulebook().rules.values()}
    for gate in Gate:
        rules: dict[str, list[Receipt]] = {}
        for receipt in receipts:
            if receipt.gate is gate:
                rules.setdefault(receipt.rule, []).append(receipt)
        if rules:
            yield GateView(
                gate.value, tuple(RuleView(id, texts.get(id, ""), tuple(found)) for id, found in rules.items())
            )


def _operations(delivery: Delivery) -> Iterator[OperationView]:
    """In the order in which they are first owed something."""
    tested = {one.operation: one for one in delivery.measures.tested}
    outcomes: dict[str, list[Outcome]] = {key: [] for key in tested}
    for receipt in delivery.receipts:
        if " " in receipt.subject:
            outcomes.setdefault(receipt.subject, []).append(receipt.outcome)
    for key, found in outcomes.items():
        met, failed, unchecked = (found.count(one) for one in (Outcome.MET, Outcome.FAILED, Outcome.UNCHECKED))
        yield OperationView(key, met, failed, unchecked, tested.get(key))


def _shown(value: object) -> object:
    """What is written into the page: text without what a reader cannot see."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("agent.delivery.page"),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
