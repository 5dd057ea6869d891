"""What a person said about operations: where contract and schema leave it open, or mean something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Correction:
    """What is said of one operation; what is empty is left to be derived."""

    table: str = ""
    """The table whose rows it reads or writes."""
    rows: Literal["", "own", "all"] = ""
    """Reads: whether only the caller's rows are meant, or everybody's."""
    callers: Literal["", "any"] = ""
    """`any`: whoever is logged in may call it, whatever scopes and roles there are."""
    hole: str = ""
    """Not to be derived, and why."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """Everything that was said."""

    operations: Mapping[str, Correction] = field(default_factory=dict)
    """By operation key: `GET /books`."""
    users: str = ""
    """The table of those who log in."""

    def of(self, key: str) -> Correction:
        """What was said of the operation; nothing, where nothing was."""
        return self.operations.get(key, _NOTHING)


_NOTHING = Correction()
