"""What can be wrong with a change, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Offence:
    """One change that makes a check pass without doing the work."""

    path: str
    what: str
    """In words, for whoever works on it next."""
    back: Literal["file", "function", "nothing"]
    """What is put back as it was."""
    function: str = ""
    """The function that holds it, by its name within the file."""

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


@dataclass(frozen=True, slots=True)
class Conduct:
    """What was found in an assignment's changes."""

    found: tuple[str, ...] = ()
    back: Mapping[str, str | None] = field(default_factory=dict)
    """What files become again (path → content); None: the file goes away."""
