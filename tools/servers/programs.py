"""Programs of a server, as they are installed on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Programs:
    """One installation."""

    folder: Path
    """Holds the server, and what comes with it."""
    version_text: str
    """As the server prints it: `18.6`."""

    @property
    def major(self) -> int:
        """The first number of the version."""
        return leading_number(self.version_text)

    @property
    def root(self) -> Path:
        """The folder that holds programs, libraries and shared files."""
        return self.folder.parent

    def program(self, name: str) -> Path | None:
        """The program of that name, None when this installation lacks it."""
        path = self.folder / name
        return path if path.is_file() else None


def leading_number(text: str) -> int:
    """The number that a text begins with; 0 when it begins with none."""
    digits = re.match(r"\d+", text)
    return int(digits[0]) if digits else 0
