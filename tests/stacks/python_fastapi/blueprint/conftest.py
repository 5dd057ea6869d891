"""Services that the blueprint wrote, on disk, with the environment in which they run."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from agent.binding.deriving import bind
from agent.binding.model import Binding
from agent.catalog.loading import load_catalog, load_catalog_from_text
from agent.catalog.model import Catalog
from agent.contract.loading import load_contract
from agent.contract.model import Contract
from agent.places import cache_folder
from agent.stacks.base import Hole
from agent.stacks.python_fastapi.blueprint.scaffold import scaffold_service
from agent.stacks.python_fastapi.stack import PythonFastapi
from agent.workspace.toolchain import build_toolchain
from tools.postgres.server import Database, PostgresServer
from tools.valkey.server import ValkeyServer, valkey_server

KEY = "a-key-of-many-letters"
"""An API key that services are started with."""
EXAMPLES = Path(__file__).parents[4] / "examples"


@dataclass(frozen=True, slots=True)
class Written:
    """A service, and what it was written from."""

    contract: Contract
    catalog: Catalog
    binding: Binding
    files: Mapping[str, str]
    holes: tuple[Hole, ...]
    root: Path


Serve = Callable[[Written, str], AbstractAsyncContextManager[httpx.AsyncClient]]
Write = Callable[[str | Mapping[str, Any], str], Written]
"""Name of an example, or a document and its SQL → the service."""


@pytest.fixture(scope="session")
def write(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Write a service to disk; each is written once a session."""
    known: dict[str, Written] = {}

    def written(source: str | Mapping[str, Any], sql: str = "") -> Written:
        key = repr((source, sql))
        if key not in known:
            known[key] = _write(postgres, source, sql, tmp_path_factory.mktemp("service"))
        return known[key]

    return written


@pytest.fixture(scope="session")
def toolchain() -> Path:
    """The environment in which services run and are checked."""
    return build_toolchain(PythonFastapi().toolchain_lock(), cache_folder())


def _write(postgres: PostgresServer, source: str | Mapping[str, Any], sql: str, root: Path) -> Written:
    if isinstance(source, str):
        contract = load_contract(EXAMPLES / source / "openapi.yaml")
        catalog = load_catalog(postgres, [EXAMPLES / source / "schema.sql"])
    else:
        contract = load_contract(source)
        catalog = load_catalog_from_text(postgres, sql, "schema.sql") if sql else Catalog((), (), (), "", ())
    binding = bind(contract, catalog)
    files, holes = scaffold_service(contract, catalog, binding, contract.title)
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    return Written(contract, catalog, binding, files, holes, root)


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """Where services keep their sessions."""
    with valkey_server() as server:
        yield server


@pytest.fixture
def serve(postgres: PostgresServer, valkey: ValkeyServer, database: Database, toolchain: Path, tmp_path: Path) -> Serve:
    """Make the tables, start one worker, and give a client for it; its log is `service.log` in the test's folder."""
    url = database.url(postgres.socket_folder)

    @asynccontextmanager
    async def serving(service: Written, sql: str) -> AsyncIterator[httpx.AsyncClient]:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.encode())
        socket = tmp_path / "s"
        command = [str(toolchain / "bin" / "uvicorn"), "src.main:app", "--uds", str(socket), "--no-access-log"]
        environment = {"DATABASE_URL": url, "JWT_SECRET": "s" * 40, "PYTHONDONTWRITEBYTECODE": "1"}
        environment["REDIS_URL"] = valkey.url(valkey.socket_folder)
        environment["API_KEYS"] = f"{KEY}, {KEY}-of-another"
        with (tmp_path / "service.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=service.root, env=environment, stdout=log, stderr=log)
        try:
            transport = httpx.AsyncHTTPTransport(uds=str(socket))
            async with httpx.AsyncClient(
                transport=transport, base_url=f"http://x{service.contract.base_path}"
            ) as client:
                await started(client, process, tmp_path / "service.log")
                yield client
        finally:
            process.terminate()
            assert process.wait(60) in (0, -15)

    return serving


async def started(client: httpx.AsyncClient, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        with contextlib.suppress(httpx.TransportError):
            if (await client.get("http://x/health/ready")).status_code == 200:
                return
        assert process.poll() is None, log.read_text()
        await asyncio.sleep(0.1)
    raise AssertionError(log.read_text())
