"""Receipts and the verdict: what the checks found on one tree. Only checks make them; nothing a model says does."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from agent.obligations import Obligation
from agent.rulebook.model import Gate


class Outcome(StrEnum):
    """What a check found; a closed set."""

    MET = "met"
    FAILED = "failed"
    UNCHECKED = "unchecked"
    """No check settles this yet. Never counted as met."""
    INPUT = "input"
    """The supplied contract or schema itself breaks the rule: reported as the input's, does not fail the delivery."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Receipt(_Frozen):
    """How one obligation was settled."""

    rule: str
    subject: str
    """`GET /books`, `books`, `files` or `service`."""
    gate: Gate
    outcome: Outcome
    ran: str = ""
    """The command or request that was carried out."""
    found: str = ""
    """What came back; for a failure what was expected instead. Bounded; failures first."""
    reproduce: str = ""
    """For a failure: the smallest way to see it again, to paste. Where it was left open: what asks or explains it."""
    places: tuple[str, ...] = ()
    """`file:line` the failure points at."""
    hindered: bool = False
    """Failed because nothing could be looked at; the reason, in `found`, may have hindered other checks too."""
    seconds: float = 0.0
    tree: str = ""
    """Hash of the git tree it was found on."""
    remembered: str = ""
    """When it was found (ISO 8601), where the same inputs were checked before; empty: it was found now."""

    @property
    def obligation(self) -> Obligation:
        """The obligation that this settles."""
        return Obligation(self.rule, self.subject)


class Latency(_Frozen):
    """How long answers took under load; nothing but the window that was judged."""

    request: str
    """What was asked over and over: `GET /books?limit=20`."""
    edges_ms: tuple[float, ...]
    """Where the bars of the histogram begin and end, ascending; one more than there are bars."""
    counts: tuple[int, ...]
    """Answers in each bar."""
    p50_ms: float
    p95_ms: float
    p99_ms: float


class TestedOperation(_Frozen):
    """What the service's own tests did with one operation; tests that assert nothing do not count."""

    __test__ = False

    operation: str
    """`GET /books`."""
    requests: int
    """Sent by passing tests."""
    answered: tuple[int, ...]
    """The statuses that came back."""
    unprovoked: tuple[int, ...]
    """Refusals that the contract declares and no passing test provoked."""


class UncoveredFile(_Frozen):
    """Lines of a file that no test executed."""

    file: str
    lines: tuple[int, ...]


class Measures(_Frozen):
    """Numbers measured in this run; None where it was not measured."""

    endpoints: int = 0
    """Operations whose main path was seen to answer as the contract says."""
    coverage_percent: float | None = None
    """Lines and branches together, as coverage.py counts them."""
    p95_ms: float | None = None
    """Of the short load probe."""
    requests_per_second: float | None = None
    tests_passed: int | None = None
    suppressions: int | None = None
    """`noqa`, `type: ignore` and their like in the delivered code."""
    latency: Latency | None = None
    """Of the short load probe."""
    tested: tuple[TestedOperation, ...] = ()
    """Every operation of the contract, once the tests were run."""
    uncovered: tuple[UncoveredFile, ...] = ()

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """The numbers of the closing sentence that this run did not give, in words."""
        wanted = {
            "the number of answering endpoints": self.endpoints or None,
            "test coverage": self.coverage_percent,
            "the response time": self.p95_ms,
        }
        return tuple(name for name, value in wanted.items() if value is None or not math.isfinite(value))


class Verdict(_Frozen):
    """All receipts of one tree. Exit code, JSON, sentence and pages are rendered from this one object."""

    tree: str
    receipts: tuple[Receipt, ...]
    measures: Measures = Field(default_factory=Measures)

    def count(self) -> Counter[Outcome]:
        """How many receipts there are of each outcome."""
        return Counter(receipt.outcome for receipt in self.receipts)

    @property
    def failed(self) -> tuple[Receipt, ...]:
        """The failures, in the rulebook's order."""
        return tuple(receipt for receipt in self.receipts if receipt.outcome is Outcome.FAILED)

    @property
    def holds(self) -> bool:
        """True when something was checked and nothing that was checked failed."""
        counts = self.count()
        return counts[Outcome.MET] > 0 and counts[Outcome.FAILED] == 0


def verdict(
    tree: str, owed: Sequence[Obligation], receipts: Sequence[Receipt], gates: dict[str, Gate], measures: Measures
) -> Verdict:
    """Join receipts to what is owed: what no receipt settles is unchecked; a failure outweighs any other receipt.

    `gates` names the gate of each rule. Receipts for obligations that are not owed are dropped.
    """
    found: dict[Obligation, Receipt] = {}
    for receipt in receipts:
        known = found.get(receipt.obligation)
        if known is None or receipt.outcome is Outcome.FAILED:
            found[receipt.obligation] = receipt
    settled = (
        found.get(one)
        or Receipt(rule=one.rule, subject=one.subject, gate=gates[one.rule], outcome=Outcome.UNCHECKED, tree=tree)
        for one in owed
    )
    return Verdict(tree=tree, receipts=tuple(settled), measures=measures)
