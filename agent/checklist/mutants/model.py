"""One small change of the code, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.reports import ChangeOutcome


@dataclass(frozen=True, slots=True)
class Mutant:
    """A piece of a file that is replaced by another one."""

    file: str
    function: str
    """Qualified name of the function around it: `BookService.list_books`."""
    line: int
    last_line: int
    """Lines of the statement; a test that runs none of them cannot notice."""
    start: int
    end: int
    """Bytes of the file that are replaced."""
    text: str
    """What stands there instead."""
    before: str
    """What is replaced, on one line."""
    after: str
    edge: bool
    """True for a boundary: a comparison of sizes, a number, a step of one."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A mutant, and what the tests made of it."""

    mutant: Mutant
    outcome: ChangeOutcome

    def __str__(self) -> str:
        one = self.mutant
        return f"{one.file}:{one.line}: {one.function}: {one.before}  →  {one.after or '(nothing)'}: {self._ran()}"

    def _ran(self) -> str:
        if not self.outcome.ran:
            return "no test runs this line"
        shown = ", ".join(name.rpartition("::")[2] for name in self.outcome.tests)
        rest = self.outcome.ran - len(self.outcome.tests)
        return f"{self.outcome.ran} tests passed with it: {shown}{f' and {rest} more' if rest > 0 else ''}"


def of_outcome(tried: Sequence[Tried], *outcomes: str) -> list[Tried]:
    """Those that ended in one of these ways."""
    return [one for one in tried if one.outcome.outcome in outcomes]
