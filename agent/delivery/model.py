"""What a run hands back. Everything that can be derived from the verdict is derived, so that nothing can disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator

from agent.delivery.findings import Finding, findings
from agent.delivery.sentence import closing_sentence
from agent.delivery.service_map import ServiceMap
from agent.delivery.spending import GateSpent, Spent, by_gate
from agent.delivery.written import Written
from agent.errors import ExitCode
from agent.journal.events import OpenHole, Usage
from agent.receipts import Measures, Outcome, Receipt, Verdict
from agent.rulebook.model import Gate, StackName
from tools.sandbox.base import SandboxKind

DeliveryOutcome = Literal["complete", "incomplete", "budget", "interrupted"]
"""How a run ended; a closed set."""

_EXIT_CODES: Mapping[DeliveryOutcome, ExitCode] = {
    "complete": ExitCode.OK,
    "incomplete": ExitCode.NOT_MET,
    "budget": ExitCode.BUDGET,
    "interrupted": ExitCode.INTERRUPTED,
}


class _Published(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class GateSummary(_Published):
    """How many obligations of one gate ended how."""

    gate: Gate
    met: int
    failed: int
    unchecked: int
    input: int
    """Broken by the supplied contract or schema itself."""


class ChangedFile(_Published):
    """A file of a repository that held a service before."""

    path: str
    by: tuple[str, ...]
    """What was worked on when it changed: `POST /notes/{id}/pin`."""


class Delivery(_Published):
    """What a run hands back to its caller."""

    schema_version: Literal[1] = 1
    changed: tuple[ChangedFile, ...] = ()
    """Of the files of a repository that held a service before, those that were changed or taken away: first, as a
    reader has to look at them."""
    """Grows when a field changes its meaning or goes away."""
    run: str
    """The run's name, for `agent show` and `agent resume`."""
    title: str
    """The task's title."""
    stack: StackName
    """The technology stack."""
    model: str = ""
    """Who wrote what could not be derived: `provider:name`, or `offline`."""
    outcome: DeliveryOutcome
    """Complete: every checked obligation is met and no hole is open."""
    stopped_by: str = ""
    """With outcome `budget`: the limit that was reached, in words."""
    branch: str | None = None
    """The git branch with the service; None when it was not opened."""
    commit: str | None = None
    """Its newest commit."""
    worktree: Path | None = None
    """The folder in which the branch is checked out."""
    verdict: Verdict | None = None
    """All receipts; None when the run ended before anything was checked."""
    service: ServiceMap | None = None
    """What there is: operations, tables, and which works on which. None when a run that is over is shown again."""
    holes: tuple[OpenHole, ...] = ()
    """Functions whose body nobody has written."""
    written: tuple[Written, ...] = ()
    """What a model wrote that could not be derived: what of it is proven, and what no check looked at."""
    usage: Usage = Usage()
    """What the model cost."""
    spent: tuple[Spent, ...] = ()
    """That cost by obligation and function, the dearest first; what an assignment cost is shared equally."""
    sandbox: SandboxKind
    """Where the delivered code ran while it was checked."""
    seconds: dict[str, float] = Field(default_factory=dict)
    """Wall time by stage."""
    warnings: tuple[str, ...] = ()
    """What was assumed about the inputs, and what a reader should know."""

    @model_validator(mode="after")
    def _nothing_is_complete_by_word(self) -> Self:
        if self.outcome == "complete" and (self.holes or self.verdict is None or not self.verdict.holds):
            raise ValueError("a delivery is complete only when its verdict holds and no hole is open")
        return self

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def exit_code(self) -> int:
        """What the process answers: 0, 1, 3 or 130."""
        return int(_EXIT_CODES[self.outcome])

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def sentence(self) -> str:
        """The closing sentence."""
        return closing_sentence(
            self.outcome,
            self.verdict,
            self.holes,
            self.run,
            self.stopped_by,
            [one.operation for one in self.written],
        )

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def measures(self) -> Measures:
        """Numbers measured in this run; null where it was not measured."""
        return self.verdict.measures if self.verdict else Measures()

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def gates(self) -> tuple[GateSummary, ...]:
        """The checklist: one row a gate that something is owed for."""
        return tuple(self._gates())

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def unchecked(self) -> tuple[str, ...]:
        """Rules that no check settles yet. They are not counted as met."""
        return tuple(dict.fromkeys(one.rule for one in self.receipts if one.outcome is Outcome.UNCHECKED))

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is not met; the same failure at several subjects is one finding."""
        return findings(self.receipts)

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def spent_by_gate(self) -> tuple[GateSpent, ...]:
        """What the model cost, by gate."""
        return by_gate(self.spent)

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """Those of the verdict, none without one."""
        return self.verdict.receipts if self.verdict else ()

    def _gates(self) -> Iterator[GateSummary]:
        for gate in Gate:
            found = [receipt.outcome for receipt in self.receipts if receipt.gate is gate]
            if found:
                yield GateSummary(gate=gate, **{outcome.value: found.count(outcome) for outcome in Outcome})


def delivery_json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `report.json`."""
    schema = Delivery.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
