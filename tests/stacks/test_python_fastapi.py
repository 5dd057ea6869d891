"""The stack's methods on the tiny example, in the real toolchain, sandbox and database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal

import pytest

from agent.binding.deriving import bind
from agent.catalog.loading import catalog_of, load_catalog, load_catalog_from_text
from agent.contract.loading import load_contract
from agent.places import cache_folder
from agent.stacks.base import DatabaseAccess, Scaffold, ServiceBroken
from agent.stacks.python_fastapi.project.migrations import migration_files
from agent.stacks.python_fastapi.stack import PythonFastapi
from agent.workspace.opening import create_workspace
from agent.workspace.toolchain import build_toolchain
from agent.workspace.worktree import GitWorkspace
from tools.postgres.server import Database, PostgresServer
from tools.sandbox.base import Mounts
from tools.valkey.server import valkey_server

TINY = Path(__file__).parents[1] / "end_to_end" / "tiny"
INSIDE = "/run/postgres"
REDIS_INSIDE = "/run/redis"
STACK = PythonFastapi()

AWKWARD = """
SET check_function_bodies = false;
-- A function before the table that it reads, as dumps have it.
CREATE FUNCTION notes_about(word text) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM notes WHERE body LIKE '%' || word || '%' AND body <> ':name -- ----';
$$;

CREATE TABLE "Odd ""odd"" names" (id integer PRIMARY KEY, "a:b" text DEFAULT 'x::y %s %(z)s \\:');
CREATE TABLE notes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    body text NOT NULL -- what it says; all of it
);
COMMENT ON TABLE notes IS 'Signs: '' ; $1 :colon %percent';
"""

Reach = Callable[[GitWorkspace], AbstractContextManager[tuple[Database, DatabaseAccess]]]


@pytest.fixture(scope="session")
def tiny(postgres: PostgresServer) -> Scaffold:
    contract = load_contract(TINY / "openapi.yaml")
    catalog = load_catalog(postgres, [TINY / "schema.sql"])
    return STACK.scaffold(contract, catalog, bind(contract, catalog), "Tiny")


@pytest.fixture
def workspace(tmp_path: Path) -> GitWorkspace:
    return create_workspace(
        folder=tmp_path / "out",
        repository=None,
        base=None,
        slug="tiny",
        toolchain=build_toolchain(STACK.toolchain_lock(), cache_folder()),
        sandbox="auto",
        state=tmp_path / "state",
    )


@pytest.fixture
def reach(postgres: PostgresServer) -> Reach:
    """An empty database and an empty Valkey, and how the sandbox of a workspace reaches them."""

    @contextmanager
    def opened(workspace: GitWorkspace) -> Iterator[tuple[Database, DatabaseAccess]]:
        with postgres.database() as made, valkey_server() as valkey:
            folder, other = postgres.socket_folder, valkey.socket_folder
            url = made.url(workspace.sandbox.bound(folder, INSIDE))
            redis_url = valkey.url(workspace.sandbox.bound(other, REDIS_INSIDE))
            yield made, DatabaseAccess(url, Mounts(bound={folder: INSIDE, other: REDIS_INSIDE}), redis_url)

    return opened


def test_same_input_gives_the_same_bytes(postgres: PostgresServer, tiny: Scaffold) -> None:
    contract = load_contract(TINY / "openapi.yaml")
    catalog = load_catalog(postgres, [TINY / "schema.sql"])
    assert STACK.scaffold(contract, catalog, bind(contract, catalog), "Tiny") == tiny


def test_a_new_service_has_everything_that_a_repository_needs(tiny: Scaffold) -> None:
    wanted = "pyproject.toml requirements.lock .python-version alembic.ini migrations/env.py Dockerfile compose.yaml"
    wanted += " .github/workflows/ci.yml .env.example .gitignore .dockerignore README.md openapi.json tests/conftest.py"
    assert set(wanted.split()) <= set(tiny.files)
    assert "://" not in tiny.files["requirements.lock"]
    assert "JWT_SECRET=" in tiny.files[".env.example"] or "jwt_secret" not in tiny.files["src/core/config.py"]


async def test_a_new_service_is_clean_and_its_tests_pass(workspace: GitWorkspace, tiny: Scaffold, reach: Reach) -> None:
    workspace.write(tiny.files)

    await STACK.format(workspace)
    assert {name: text for name, text in workspace.read().items() if tiny.files.get(name) != text} == {}
    lint, types = await STACK.lint(workspace), await STACK.check_types(workspace)
    assert (lint.findings, lint.crashed, types.findings, types.crashed) == ((), "", (), "")

    with reach(workspace) as (_, database):
        tests = await STACK.run_tests(workspace, database)
    holes = {hole.operation for hole in tiny.holes}
    failed = [case for case in tests.cases if case.outcome != "passed"]
    assert tests.crashed == ""
    assert not failed or holes
    assert all("not_implemented" in case.message for case in failed)
    assert (tests.covered_percent or 0) > 80
    assert tests.touches


async def test_findings_carry_file_line_and_code(workspace: GitWorkspace) -> None:
    workspace.write({"src/bad.py": "import os\n\nx: int = 'text'\n"})
    lint, types = await STACK.lint(workspace), await STACK.check_types(workspace)
    assert ("src/bad.py", 1, "F401") in [(one.file, one.line, one.code) for one in lint.findings]
    assert ("src/bad.py", 3, "assignment") in [(one.file, one.line, one.code) for one in types.findings]


async def test_migrations_go_up_down_and_up_and_give_the_supplied_schema(
    workspace: GitWorkspace, postgres: PostgresServer, reach: Reach
) -> None:
    supplied = load_catalog_from_text(postgres, AWKWARD, "awkward.sql")
    workspace.write(migration_files(supplied))

    known = await STACK.migrations(workspace)
    assert len(known.heads) == 1
    assert known.line == known.heads
    with reach(workspace) as (made, database):
        steps: tuple[Literal["up", "down"], ...] = ("up", "down", "up")
        for target in steps:
            done = await STACK.migrate(workspace, database, target)
            assert done.ok, done.output
            found = catalog_of(postgres, made)
            tables = {table.name for table in found.tables} - {"alembic_version"}
            assert tables == ({table.name for table in supplied.tables} if target == "up" else set())
        with postgres.connect_as_owner(made) as connection:
            connection.execute("DROP TABLE alembic_version")
        assert catalog_of(postgres, made).fingerprint == supplied.fingerprint


async def test_a_service_is_described_by_its_code(workspace: GitWorkspace, tiny: Scaffold) -> None:
    workspace.write({**tiny.files, "openapi.json": "{}"})
    contract = load_contract(TINY / "openapi.yaml")
    described = await STACK.describe_service(workspace)
    paths = set(described.document["paths"])
    assert paths == {contract.base_path + operation.path for operation in contract.operations}


async def test_where_a_document_is_served_is_read_from_the_application(workspace: GitWorkspace) -> None:
    code = (
        "from fastapi import FastAPI\n"
        'app = FastAPI(openapi_url="/about/me.json")\n'
        "inner = FastAPI()\n"
        'app.mount("/v1", inner)\n'
        'app.get("/own/swagger.yaml")(lambda: None)\n'
        'app.get("/schemas/{name}")(lambda: None)\n'
    )
    workspace.write({"src/main.py": code})
    described = await STACK.describe_service(workspace)
    assert set(described.served_at) == {"/about/me.json", "/own/swagger.yaml", "/v1/openapi.json"}


async def test_code_that_cannot_be_imported_says_why(workspace: GitWorkspace) -> None:
    workspace.write({"src/main.py": "print('hello')\nimport nowhere\napp = 1\n"})
    with pytest.raises(ServiceBroken, match="nowhere"):
        await STACK.describe_service(workspace)
