"""Obligations: what this delivery owes, as rules applied to subjects."""

from __future__ import annotations

from dataclasses import dataclass

from agent.catalog.model import Catalog
from agent.contract.model import Contract
from agent.rulebook.model import Rule, Rulebook, StackName, SubjectKind


@dataclass(frozen=True, slots=True, order=True)
class Obligation:
    """One rule applied to one subject."""

    rule: str
    subject: str
    """`GET /books`, `books`, `files` or `service`."""

    @property
    def id(self) -> str:
        """How reports name it: `CON-PARITY:GET /books`."""
        return f"{self.rule}:{self.subject}"


def owed(rulebook: Rulebook, stack: StackName, contract: Contract, catalog: Catalog) -> tuple[Obligation, ...]:
    """Everything a delivery of this contract and schema on this stack owes, in the rulebook's order."""
    return tuple(
        Obligation(rule.id, subject)
        for rule in rulebook.for_stack(stack)
        for subject in _subjects(rule, contract, catalog)
    )


def _subjects(rule: Rule, contract: Contract, catalog: Catalog) -> tuple[str, ...]:
    match rule.subject:
        case SubjectKind.OPERATION:
            return tuple(operation.key for operation in contract.operations)
        case SubjectKind.TABLE:
            return tuple(table.name for table in catalog.tables)
        case SubjectKind.TREE:
            return ("files",)
        case SubjectKind.SERVICE:
            return ("service",)
