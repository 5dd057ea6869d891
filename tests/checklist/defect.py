"""One defect: what is changed in the good service, and who has to notice it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

GOOD = Path(__file__).parent / "services" / "good"

PROTECTED = ("GET /notes", "POST /notes", "GET /notes/{note_id}", "PATCH /notes/{note_id}", "DELETE /notes/{note_id}")


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong."""

    name: str
    gate: str
    """The gate that has to notice it, by the name of its module."""
    file: str
    old: str
    """Text of the good service; empty: the file is new, or what comes is put at its end."""
    new: str
    noticed: frozenset[str]
    """Ids of the obligations that fail; no other one of the gate does."""

    def files(self) -> Mapping[str, str | None]:
        """The changed files."""
        path = GOOD / self.file
        content = path.read_text() if path.exists() else ""
        if self.old:
            assert self.old in content, f"{self.name}: {self.file} no longer holds {self.old!r}"
        return {self.file: content.replace(self.old, self.new) if self.old else content + self.new}


def defect(name: str, gate: str, file: str, old: str, new: str, *noticed: str) -> Defect:
    """A defect that these obligations notice."""
    return Defect(name, gate, file, old, new, frozenset(noticed))
