"""A small service written by hand, as the checklist sees it: whole, or with one defect put in."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from agent.binding.deriving import bind
from agent.binding.model import Binding
from agent.catalog.loading import load_catalog
from agent.catalog.model import Catalog
from agent.checklist.case import Case
from agent.contract.loading import load_contract
from agent.contract.model import Contract
from agent.places import cache_folder
from agent.rulebook.loading import load_rulebook
from agent.stacks.base import DatabaseAccess
from agent.stacks.python_fastapi.stack import PythonFastapi
from agent.workspace.opening import snapshot_workspace
from agent.workspace.toolchain import build_toolchain
from evals.defects.collection import WRITTEN
from tools.postgres.server import Database, PostgresServer
from tools.sandbox.base import Mounts

GOOD = WRITTEN / "notes"

CaseOf = Callable[[Mapping[str, str | None]], Case]
"""Files to put in place of the good service's (None: taken away) → the case."""


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract(GOOD / "openapi.json")


@pytest.fixture(scope="session")
def catalog(postgres: PostgresServer) -> Catalog:
    return load_catalog(postgres, [GOOD / "schema.sql"])


@pytest.fixture(scope="session")
def binding(contract: Contract, catalog: Catalog) -> Binding:
    return bind(contract, catalog)


@pytest.fixture(scope="session")
def toolchain() -> Path:
    return build_toolchain(PythonFastapi().toolchain_lock(), cache_folder() / "toolchains")


@pytest.fixture(scope="session")
def case_of(
    contract: Contract,
    catalog: Catalog,
    binding: Binding,
    toolchain: Path,
    postgres: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[CaseOf]:
    """Make the case of the good service with some files exchanged."""
    made: list[Path] = []

    def make(changes: Mapping[str, str | None]) -> Case:
        folder = tmp_path_factory.mktemp("service")
        made.append(folder)
        source = folder / "source"
        shutil.copytree(GOOD, source)
        for path, content in changes.items():
            (source / path).unlink(missing_ok=True)
            if content is not None:
                (source / path).parent.mkdir(parents=True, exist_ok=True)
                (source / path).write_text(content)
        workspace = snapshot_workspace(source, toolchain=toolchain, sandbox="auto", state=folder / "state")
        stack, rulebook = PythonFastapi(), load_rulebook()
        return Case(workspace, stack, contract, catalog, binding, rulebook, postgres, task="Keep notes")

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated(good: Case) -> Iterator[Database]:
    """A database at the good service's newest migration, to be copied."""

    async def migrate() -> None:
        result = await good.stack.migrate(good.workspace, DatabaseAccess(made.url(inside), mounts), "up")
        assert result.ok, result.output

    with good.server.database() as made:
        folder = good.server.socket_folder
        mounts = Mounts(bound={folder: "/run/postgres"})
        inside = good.workspace.sandbox.bound(folder, "/run/postgres")
        asyncio.run(migrate())
        yield made


@pytest.fixture(scope="session")
def good(case_of: CaseOf) -> Case:
    return case_of({})
