"""Services that the blueprint wrote, on disk, with the environment in which they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from tools.postgres.server import PostgresServer

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
