"""What differs between stacks, as one interface. Nothing outside `agent/stacks` knows a language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from agent.binding.model import Binding
from agent.catalog.model import Catalog
from agent.contract.model import Contract
from agent.rulebook.model import StackName
from agent.workspace.model import Workspace
from tools.files import Files
from tools.reports import Changes, Finding, TestCase, TestReport, ToolReport, Touch
from tools.sandbox.base import CommandResult, Mounts

__all__ = [
    "KEY_SETTINGS",
    "REDIS_SETTING",
    "TOKEN_SETTING",
    "DatabaseAccess",
    "FileChange",
    "Finding",
    "Hole",
    "Migrations",
    "Scaffold",
    "ServiceBroken",
    "ServiceCommand",
    "Stack",
    "TestCase",
    "TestReport",
    "ToolReport",
    "Touch",
]


REDIS_SETTING = "REDIS_URL"
"""The environment variable that names a Valkey or a Redis."""


TOKEN_SETTING = "JWT_SECRET"
"""The environment variable with the key by which access tokens are signed."""


KEY_SETTINGS: Mapping[str, int] = {"API_KEYS": 64, "API_KEY": 1}
"""Environment variables that list API keys of callers, with commas between them → how many are put in."""


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
class FileChange:
    """What a file is to become."""

    path: str
    content: str


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What the blueprint writes."""

    files: Mapping[str, str]
    """Path in the worktree → content."""
    holes: tuple[Hole, ...]


@dataclass(frozen=True, slots=True)
class ServiceCommand:
    """How the service is started."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    database_settings: tuple[str, ...] = ("DATABASE_URL",)
    """Without these it cannot know where its database is; with any of them it may."""
    before: tuple[str, ...] = ()
    """What has to stand before the command where the judge starts it, and not where a person does."""
    seen: tuple[Path, ...] = ()
    """Host files that it has to see for that."""
    key_settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Settings of the service that may hold keys of its callers → what holds where the environment has none."""
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Header → what callers have to send in it, as somebody told; `${NAME}` stands for a setting."""

    @property
    def whole(self) -> tuple[str, ...]:
        """The command as the judge starts it."""
        return (*self.before, *self.command)


@dataclass(frozen=True, slots=True)
class DatabaseAccess:
    """A database as commands in the sandbox reach it, and what a service may want beside it."""

    url: str
    """As seen inside: `postgresql://role@/name?host=/run/postgres`."""
    mounts: Mounts = Mounts()
    """What must be mounted for `url` and `redis_url` to lead anywhere: the folders of the servers' sockets."""
    redis_url: str | None = None
    """An empty Valkey of its own: `unix://default:password@/run/redis/redis.sock`. None: the service wants none."""


@dataclass(frozen=True, slots=True)
class Migrations:
    """The migrations of a worktree, as the migration tool tells them."""

    told: CommandResult
    """Where it is not ok, nothing is known of them."""
    heads: tuple[str, ...] = ()
    """Revisions that no other follows."""
    line: tuple[str, ...] = ()
    """All revisions, the oldest first, where they stand in one line; empty where they branch or there are none."""
    folders: tuple[str, ...] = ()
    """Where in the worktree the migration tool looks for revisions, in and below."""


@dataclass(frozen=True, slots=True)
class Described:
    """What code says of its operations."""

    document: Mapping[str, Any]
    """Derived from the code's routes and types, not from any document in the worktree."""
    served_at: tuple[str, ...] = ()
    """Paths at which the service may show a document."""


class Stack(Protocol):
    """One technology stack."""

    name: StackName

    def toolchain_lock(self) -> Path:
        """The file of exact versions and hashes from which the toolchain environment is made."""
        ...

    def scaffold(self, contract: Contract, catalog: Catalog, binding: Binding, title: str) -> Scaffold:
        """Write the whole service as text; the blueprint. Pure: same input, same bytes."""
        ...

    def unkept(self, contract: Contract) -> tuple[str, ...]:
        """What the contract says and no service that `scaffold` writes keeps, each with its JSON pointers."""
        ...

    def entries(self) -> Sequence[str]:
        """The files in which the application of a service usually is."""
        ...

    def framework(self) -> str:
        """A word that every file has which makes an application."""
        ...

    def holds_service(self, files: Mapping[str, str]) -> bool:
        """Whether there is an application in these files (path → content), whoever wrote it."""
        ...

    def open_holes(self, files: Mapping[str, str]) -> tuple[Hole, ...]:
        """The holes that are still open in these files (path → content)."""
        ...

    def syntax_error(self, path: str, content: str) -> str | None:
        """What is wrong with the syntax of this file; None when nothing is, or when it is no language of the stack."""
        ...

    def replace_function(self, files: Files, name: str, source: str) -> FileChange:
        """A file with one whole function in place of the one of that qualified name; nothing is written.

        Raises `EditFailed`, with place and reason, where the name or the source does not fit.
        """
        ...

    async def check_file(self, workspace: Workspace, path: str, *, seconds: float) -> ToolReport:
        """What linter and type checker find in one file, but for what formatting repairs; cut off after that time."""
        ...

    async def format(self, workspace: Workspace, paths: Sequence[str] = (".",)) -> ToolReport:
        """Format the worktree's code in place, or these files alone."""
        ...

    async def lint(self, workspace: Workspace) -> ToolReport:
        """Linter and formatter check, with the runtime's configuration."""
        ...

    async def find_blocking_calls(self, workspace: Workspace) -> ToolReport:
        """Calls that block, inside asynchronous functions."""
        ...

    async def check_types(self, workspace: Workspace) -> ToolReport:
        """Type checker, with the runtime's configuration."""
        ...

    async def check_client(self, workspace: Workspace, source: str) -> ToolReport:
        """Type checker on a client of the service, one Python module that stands in no worktree."""
        ...

    async def run_tests(
        self,
        workspace: Workspace,
        database: DatabaseAccess,
        only: tuple[str, ...] = (),
        *,
        order: int | None = None,
        changes: Changes | None = None,
    ) -> TestReport:
        """The workspace's own tests on an empty database, with coverage and every request recorded.

        `order` is the seed of a random order of all tests; None: the order in which they stand. With `changes` to try
        after the tests, coverage is not measured.
        """
        ...

    async def migrate(
        self, workspace: Workspace, database: DatabaseAccess, target: Literal["up", "down"], revision: str = ""
    ) -> CommandResult:
        """Bring the database up or down to this revision; without one, up to the newest or down to none."""
        ...

    def migrates(self, workspace: Workspace) -> bool:
        """Whether the worktree has a migration tool at all, by its configuration."""
        ...

    async def migrations(self, workspace: Workspace) -> Migrations:
        """The heads and the line of the migrations. No database is needed."""
        ...

    async def describe_service(self, workspace: Workspace) -> Described:
        """What the code says of its operations.

        Raises `ServiceBroken` when the code cannot be imported.
        """
        ...

    def declares(self, workspace: Workspace, setting: str) -> bool:
        """Whether the service has a word for this environment variable."""
        ...

    def wants_valkey(self, workspace: Workspace) -> bool:
        """Whether the service reads where a Valkey or a Redis is. It is then told wherever its code runs."""
        ...

    def service(self, workspace: Workspace, database: DatabaseAccess, listen: str) -> ServiceCommand:
        """How to start one worker of the service, listening on the unix socket `listen` (a path inside).

        The caller mounts `database.mounts` and the writable folder of the socket when it starts the command.
        """
        ...

    def probing_settings(self, workspace: Workspace, times: int) -> Mapping[str, str]:
        """Environment variables for probes: rate limits so many times higher than its own, caches that keep nothing."""
        ...

    def watched(self, command: ServiceCommand, folder: str) -> ServiceCommand:
        """The same start with a watcher beside it.

        It writes into `folder` (a path inside): `stalls.jsonl`, `profile.json`, and `spans-N` with what was exported.
        """
        ...


class ServiceBroken(Exception):
    """The service's code cannot be imported or started; the message is what it printed."""

    def __init__(self, message: str, reproduce: str) -> None:
        super().__init__(message)
        self.reproduce = reproduce
        """A command that shows it again, to paste in the worktree."""
