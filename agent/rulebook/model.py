"""Rules of the persona: one entry for every id of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from agent.stack_name import StackName as StackName


class Gate(StrEnum):
    """The checklist: ten gates of the persona, and three the document asks for outside its checklist."""

    LINT = "lint"
    TYPES = "types"
    VALIDATION = "validation"
    ERRORS = "errors"
    LOGGING = "logging"
    OBSERVABILITY = "observability"
    TESTS = "tests"
    CONTRACT = "contract"
    HEADERS = "headers"
    LIMITS = "limits"
    DATABASE = "database"
    PERFORMANCE = "performance"
    LAYOUT = "layout"
    DELIVERY = "delivery"
    """Not a gate of the checklist: what the run itself owes its caller."""


class Proof(StrEnum):
    """What must show that a backend keeps a rule."""

    STATIC = "S"
    DYNAMIC = "D"
    TESTS = "T"
    PROMPT = "P"


class SubjectKind(StrEnum):
    """What a rule is applied to."""

    OPERATION = "operation"
    TABLE = "table"
    TREE = "tree"
    """The files of the workspace."""
    SERVICE = "service"
    """The running service."""


Applies = Literal[
    "every",
    "lists",
    "mutating",
    "protected",
    "with input",
    "with token",
    "with any token",
    "refreshing",
    "with password",
    "owned",
]
"""Which operations owe a rule: a closed set.

- `lists`: GET operations whose success answer is an array or holds one.
- `mutating`: POST, PUT, PATCH, DELETE.
- `protected`: those that need credentials.
- `with input`: those with a parameter or a body.
- `with token`: those that need a token, when an operation of the contract issues tokens.
- `with any token`: the same, and those that need a token from elsewhere.
- `refreshing`: those that take a refresh token.
- `with password`: those that take a password.
- `owned`: those that concern what belongs to one user.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """One statement of the persona."""

    id: str
    text: str
    gate: Gate
    stacks: frozenset[StackName]
    proofs: tuple[Proof, ...]
    how: str
    """How it is proven, in a few words."""
    subject: SubjectKind
    applies: Applies = "every"
    """Narrows a rule about operations; with subject `service` the rule is owed when there is such an operation."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules together, in the ledger's order."""

    rules: Mapping[str, Rule]

    def for_stack(self, stack: StackName) -> tuple[Rule, ...]:
        """The rules that name this stack, in the ledger's order."""
        return tuple(rule for rule in self.rules.values() if stack in rule.stacks)
