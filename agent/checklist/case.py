"""What the checklist judges, and how its gates write down what they found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.binding.model import Binding
from agent.catalog.model import Catalog
from agent.checklist.effort import Effort
from agent.checklist.probe.accounts import NO_WAY
from agent.contract.model import Contract
from agent.obligations import Obligation, owed
from agent.receipts import Measures, Outcome, Receipt
from agent.rulebook.model import Gate, Rulebook
from agent.stacks.base import Stack
from agent.workspace.model import Workspace

if TYPE_CHECKING:
    from tools.postgres.server import PostgresServer

_FOUND_CHARACTERS = 2_000
_FOUND_PROBLEMS = 12


@dataclass(frozen=True, slots=True)
class Case:
    """One backend before the checklist, and everything that is needed to judge it."""

    workspace: Workspace
    stack: Stack
    contract: Contract
    catalog: Catalog
    binding: Binding
    rulebook: Rulebook
    server: PostgresServer
    effort: Effort = Effort()
    task: str = ""
    """The title of the task that it was written for; empty when a folder is judged."""


@dataclass(frozen=True, slots=True)
class GateStarted:
    """A check of this gate has begun."""

    check: str
    gate: Gate


@dataclass(frozen=True, slots=True)
class GateFinished:
    """A check of this gate has settled its obligations."""

    check: str
    gate: Gate
    receipts: tuple[Receipt, ...]
    measures: Measures
    seconds: float

    @property
    def counts(self) -> Counter[Outcome]:
        """How many receipts there are of each outcome."""
        return Counter(receipt.outcome for receipt in self.receipts)


GateEvent = GateStarted | GateFinished
"""What `settle` tells while it runs; a closed set."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a gate found."""

    receipts: tuple[Receipt, ...]
    measures: Measures = Measures()


@dataclass(frozen=True, slots=True)
class Owing:
    """What one tree owes, and the pen with which gates write receipts for it."""

    tree: str
    obligations: tuple[Obligation, ...]
    gates: Mapping[str, Gate]
    """The gate of each rule."""
    subjects_of: Mapping[str, tuple[str, ...]]
    """What each rule is owed for."""

    @classmethod
    def of(cls, case: Case) -> Owing:
        """What the case's worktree, as it is now, owes."""
        bounds = case.binding.operations
        owned = frozenset(one.operation.key for one in bounds if (one.owned and not one.hole) or one.demands)
        obligations = owed(case.rulebook, case.stack.name, case.contract, case.catalog, owned=owned)
        subjects: dict[str, list[str]] = {}
        for one in obligations:
            subjects.setdefault(one.rule, []).append(one.subject)
        return cls(
            tree=case.workspace.tree(),
            obligations=obligations,
            gates={rule.id: rule.gate for rule in case.rulebook.rules.values()},
            subjects_of={rule: tuple(found) for rule, found in subjects.items()},
        )

    def subjects(self, rule: str) -> tuple[str, ...]:
        """Everything that this rule is owed for; empty when it is not owed at all."""
        return self.subjects_of.get(rule, ())

    def judge(
        self,
        rule: str,
        problems: Sequence[str],
        *,
        subject: str | None = None,
        ran: str = "",
        found: str = "",
        reproduce: str,
        places: Iterable[str] = (),
        seconds: float = 0.0,
    ) -> tuple[Receipt, ...]:
        """Failed with these problems, or met with what was found when there are none.

        Without a subject the receipt is written for everything that owes the rule. `reproduce` is what a person pastes
        to see the problems again (see `pasting`); empty only where it never came to a request. Where nothing could be
        asked because no way is known to get credentials, it is left unchecked.
        """
        if problems and all(NO_WAY in one for one in problems):
            return self._write(rule, subject, Outcome.UNCHECKED, ran, bounded(problems), seconds=seconds)
        outcome = Outcome.FAILED if problems else Outcome.MET
        return self._write(rule, subject, outcome, ran, bounded(problems) or found, reproduce, places, seconds)

    def blame_input(self, rule: str, problems: Sequence[str], *, subject: str, ran: str = "") -> tuple[Receipt, ...]:
        """The supplied contract or schema breaks the rule, or keeps it when there are no problems."""
        outcome = Outcome.INPUT if problems else Outcome.MET
        return self._write(rule, subject, outcome, ran, bounded(problems))

    def leave(self, rule: str, why: str, *, subject: str | None = None, ran: str = "") -> tuple[Receipt, ...]:
        """Looked at, and not settled either way, for this reason. Without a subject: for everything that owes it."""
        return self._write(rule, subject, Outcome.UNCHECKED, ran, why)

    def cannot(
        self, rules: Collection[str], reason: str, *, reproduce: str, ran: str = "", seconds: float = 0.0
    ) -> Found:
        """Nothing could be looked at: everything that owes these rules has failed, for this reason.

        It is left unchecked where the judge is at a loss, and not the service to blame.
        """
        why = bounded([reason]) or "the check could not run"
        outcome = Outcome.UNCHECKED if NO_WAY in reason else Outcome.FAILED
        return Found(
            tuple(
                receipt
                for rule in rules
                for receipt in self._write(rule, None, outcome, ran, why, reproduce, seconds=seconds, hindered=True)
            )
        )

    def _write(
        self,
        rule: str,
        subject: str | None,
        outcome: Outcome,
        ran: str,
        found: str,
        reproduce: str = "",
        places: Iterable[str] = (),
        seconds: float = 0.0,
        hindered: bool = False,
    ) -> tuple[Receipt, ...]:
        subjects = self.subjects(rule) if subject is None else (subject,)
        return tuple(
            Receipt(
                rule=rule,
                subject=one,
                gate=self.gates[rule],
                outcome=outcome,
                ran=ran,
                found=found,
                reproduce=reproduce if outcome is Outcome.FAILED else "",
                places=tuple(places)[:_FOUND_PROBLEMS] if outcome is Outcome.FAILED else (),
                hindered=hindered and outcome is Outcome.FAILED,
                seconds=round(seconds, 3),
                tree=self.tree,
            )
            for one in subjects
            if rule in self.gates
        )


def joined(found: Iterable[Found]) -> Found:
    """Everything that several checks found, as one."""
    parts = tuple(found)
    receipts = tuple(receipt for part in parts for receipt in part.receipts)
    return Found(receipts, merged(part.measures for part in parts))


def merged(measures: Iterable[Measures]) -> Measures:
    """The numbers of several checks together; each number comes from one check."""
    numbers: dict[str, object] = {}
    for one in measures:
        numbers |= one.model_dump(exclude_defaults=True)
    return Measures.model_validate(numbers)


def bounded(problems: Sequence[str]) -> str:
    """Some problems as text, one a line: the first dozen, at most 2000 characters, and how many more there are."""
    shown = "\n".join(problems[:_FOUND_PROBLEMS])
    if len(shown) > _FOUND_CHARACTERS:
        shown = shown[: _FOUND_CHARACTERS - 2] + " …"
    rest = len(problems) - _FOUND_PROBLEMS
    return f"{shown}\n… and {rest} more" if rest > 0 else shown
