"""What differs between stacks, as one interface. Nothing outside `agent/stacks` knows a language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from agent.binding.model import Binding
from agent.catalog.model import Catalog
from agent.contract.model import Contract
from agent.rulebook.model import StackName
from agent.workspace.model import Workspace
from tools.sandbox.base import CommandResult


@dataclass(frozen=True, slots=True)
class Hole:
    """A function that the blueprint could not derive: everything is there but its body."""

    name: str
    """Qualified: `src.services.tickets.TicketService.merge`."""
    file: str
    line: int
    operation: str
    """Operation key: `POST /tickets/{ticketId}/merge`."""
    reason: str = ""
    """Why it was not derived; empty when read back from a worktree."""


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What the blueprint writes."""

    files: Mapping[str, str]
    """Path in the worktree → content."""
    holes: tuple[Hole, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a tool reports about a file."""

    file: str
    line: int
    code: str
    """The tool's own code: `E501`, `arg-type`."""
    message: str

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


@dataclass(frozen=True, slots=True)
class ServiceCommand:
    """How the service is started."""

    command: tuple[str, ...]
    environment: Mapping[str, str]


class Stack(Protocol):
    """One technology stack."""

    name: StackName

    def toolchain_lock(self) -> Path:
        """The file of exact versions and hashes from which the toolchain environment is made."""
        ...

    def scaffold(self, contract: Contract, catalog: Catalog, binding: Binding, title: str) -> Scaffold:
        """Write the whole service as text; the blueprint. Pure: same input, same bytes."""
        ...

    def open_holes(self, files: Mapping[str, str]) -> tuple[Hole, ...]:
        """The holes that are still open in these files (path → content)."""
        ...

    async def format(self, workspace: Workspace) -> ToolReport:
        """Format the worktree's code in place."""
        ...

    async def lint(self, workspace: Workspace) -> ToolReport:
        """Linter and formatter check, with the runtime's configuration."""
        ...

    async def check_types(self, workspace: Workspace) -> ToolReport:
        """Type checker, with the runtime's configuration."""
        ...

    async def run_tests(self, workspace: Workspace, database_url: str, only: tuple[str, ...] = ()) -> TestReport:
        """The workspace's own tests on an empty database, with coverage and every request recorded."""
        ...

    async def migrate(self, workspace: Workspace, database_url: str, target: Literal["up", "down"]) -> CommandResult:
        """Bring the database to the newest migration, or to none."""
        ...

    async def migration_heads(self, workspace: Workspace) -> CommandResult:
        """One line for each head of the migrations."""
        ...

    async def describe_service(self, workspace: Workspace) -> Mapping[str, Any]:
        """The OpenAPI document derived from the code's routes and types, not from any document in the worktree.

        Raises `ServiceBroken` when the code cannot be imported.
        """
        ...

    def service(self, workspace: Workspace, database_url: str, listen: str) -> ServiceCommand:
        """How to start one worker of the service, listening on the unix socket `listen`."""
        ...


class ServiceBroken(Exception):
    """The service's code cannot be imported or started; the message is what it printed."""
