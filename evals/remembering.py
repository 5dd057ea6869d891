"""What an evaluation has found out stays known until what it depends on changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel, ConfigDict, ValidationError


class Keyed(BaseModel):
    """A verdict that knows what it depends on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """Of all that it depends on; with another key it has to be found out anew."""


@dataclass(frozen=True, slots=True)
class Memory[Verdict: Keyed]:
    """Verdicts, one JSON object a line; a line that was cut off by a kill is passed over."""

    path: Path
    kind: type[Verdict]

    def read(self) -> dict[str, Verdict]:
        """By key."""
        return {one.key: one for one in self._lines()}

    def add(self, verdict: Verdict) -> None:
        """Write one more."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(verdict.model_dump_json() + "\n")

    def _lines(self) -> Iterator[Verdict]:
        for line in self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else ():
            try:
                yield self.kind.model_validate_json(line)
            except ValidationError:
                continue


def code_of(*packages: ModuleType) -> str:
    """A hash of all files of these packages."""
    return "".join(content_of(Path(package.__file__ or "").parent) for package in packages)


def content_of(folder: Path) -> str:
    """A hash of the files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        digest.update(f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
