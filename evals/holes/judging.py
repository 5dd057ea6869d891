"""Whether a hole is filled: the hidden tests, asked of the real service on a real database, in the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from psycopg.sql import SQL, Identifier

from agent.catalog.model import Catalog
from agent.checklist.case import Case
from agent.checklist.databases import Databases, NotMigrated, Opened
from agent.checklist.effort import Effort
from agent.checklist.running import NotRunning, Running, running
from agent.workspace.opening import snapshot_workspace
from evals.holes.starting import Started
from evals.holes.world import Behaviour, Unexpected, World
from tools.sandbox.base import SandboxChoice
from tools.scratch import scratch_folder


@dataclass(frozen=True, slots=True)
class Asked:
    """What the hidden tests say of one tree."""

    passed: tuple[str, ...]
    """Names of tests."""
    failed: tuple[str, ...]
    """Name of each test, and what it found; or why the service could not be asked."""

    @property
    def filled(self) -> bool:
        """The hole is filled: every test passed, and there were some."""
        return bool(self.passed) and not self.failed


async def judge(started: Started, folder: Path, toolchain: Path, sandbox: SandboxChoice = "auto") -> Asked:
    """Ask the hidden tests of the hole about the tree in this folder, which is only read.

    Raises WorkspaceError where it is no folder or empty, and MissingDependency.
    """
    with scratch_folder("hole") as scratch:
        workspace = await asyncio.to_thread(
            snapshot_workspace, folder, toolchain=toolchain, sandbox=sandbox, state=scratch / "state"
        )
        with closing(workspace.sandbox):
            return await _asked(started.inputs.case(workspace, Effort()), started.hole.behaviours)


async def _asked(case: Case, behaviours: Sequence[Behaviour]) -> Asked:
    databases = Databases(case)
    try:
        async with databases.migrated() as database, running(case, database.access) as service:
            told = {one.__name__: await _behaves(case, database, service, one) for one in behaviours}
    except (NotMigrated, NotRunning) as error:
        return Asked((), (str(error),))
    finally:
        await databases.close()
    return Asked(
        tuple(name for name, problem in told.items() if not problem),
        tuple(f"{name}: {problem}" for name, problem in told.items() if problem),
    )


async def _behaves(case: Case, database: Opened, service: Running, behaviour: Behaviour) -> str:
    """What this test found; empty when the service behaves as it expects."""
    with _emptied(case, database) as connection:
        world = World(service, connection, lambda: case.server.connect_as_owner(database.database))
        try:
            await behaviour(world)
        except Unexpected as error:
            return str(error)
        except httpx.HTTPError as error:
            return f"no answer came: {type(error).__name__} {error}"
        except (LookupError, TypeError, ValueError) as error:
            return f"an answer has not the declared shape: {type(error).__name__} {error}"
    return ""


@contextmanager
def _emptied(case: Case, database: Opened) -> Iterator[psycopg.Connection]:
    """A connection to the database, which has no rows."""
    with case.server.connect(database.database) as connection:
        _empty(connection, case.catalog)
        yield connection


def _empty(connection: psycopg.Connection, catalog: Catalog) -> None:
    tables = SQL(", ").join(Identifier(*table.name.split(".")) for table in catalog.tables)
    connection.execute(SQL("TRUNCATE {} CASCADE").format(tables))
