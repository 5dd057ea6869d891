"""What linters, type checkers and test runners found, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a tool reports about a file."""

    file: str
    line: int
    code: str
    """The tool's own code: `E501`, `arg-type`."""
    message: str
    repairable: bool = False
    """Formatting repairs it."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.code} {self.message}"


@dataclass(frozen=True, slots=True)
class ToolReport:
    """What a linter or type checker found."""

    command: tuple[str, ...]
    findings: tuple[Finding, ...]
    seconds: float
    crashed: str = ""
    """What the tool printed when it did not get as far as findings; empty otherwise."""

    @property
    def clean(self) -> bool:
        """True when it ran and found nothing."""
        return not self.findings and not self.crashed


@dataclass(frozen=True, slots=True)
class TestCase:
    """One test that ran."""

    __test__ = False

    name: str
    outcome: Literal["passed", "failed", "error", "skipped"]
    message: str = ""


@dataclass(frozen=True, slots=True)
class Touch:
    """A request that a test sent through the service, and what came back."""

    method: str
    route: str
    """The path template as the service routes it: `/books/{book_id}`; compare with parameter names erased."""
    status: int
    test: str


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of a file that is replaced while tests run once more."""

    number: int
    file: str
    first: int
    last: int
    """Lines of which a test must run one to be asked."""
    start: int
    end: int
    """Bytes that are replaced."""
    text: str


@dataclass(frozen=True, slots=True)
class ChangeOutcome:
    """What the tests made of a change."""

    number: int
    outcome: Literal["killed", "survived", "undecided", "broken"]
    """`killed`: a test failed with it and passed again without; `undecided`: time ran out, or the change cannot be put
    in place; `broken`: the tests could not be brought back to pass without it."""
    ran: int
    """How many tests ran with it."""
    tests: tuple[str, ...]
    """The one that killed it, or some of those that did not."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes to be tried, in this order, after all tests have run."""

    seconds: float
    """Processor time of the tests' own process that may be spent on them."""
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class TestReport:
    """What the workspace's own tests did."""

    __test__ = False

    command: tuple[str, ...]
    cases: tuple[TestCase, ...]
    touches: tuple[Touch, ...]
    line_percent: float | None
    """Executed lines of all, in percent; None when coverage could not be read."""
    branch_percent: float | None
    covered_percent: float | None
    """Lines and branches together, as coverage.py counts them."""
    uncovered: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """File → lines that no test executed."""
    seconds: float = 0.0
    crashed: str = ""
    """What was printed when no test could be collected; empty otherwise."""
    outcomes: tuple[ChangeOutcome, ...] = ()
    """What became of changes, as far as they were tried."""
    alone: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    """Test that reached no database and no application → file → lines that it ran; seen only with changes to try."""
    ran: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    """Test → file → first lines of the functions that it ran, decorators included; seen only with changes to try."""
