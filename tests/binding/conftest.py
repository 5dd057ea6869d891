"""Small contracts and schemas, bound for real: the document is validated, the SQL runs on a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from agent.binding.corrections import Corrections
from agent.binding.deriving import bind
from agent.binding.model import Binding
from agent.catalog.loading import load_catalog_from_text
from agent.catalog.model import Catalog
from agent.contract.loading import load_contract
from tools.postgres.server import PostgresServer

Derive = Callable[..., Binding]
"""`derive(sql, paths, schemas=..., document=..., corrections=...)`: SQL, and YAML of `paths` and of shared schemas."""


@pytest.fixture(scope="session")
def catalogs(postgres: PostgresServer) -> Callable[[str], Catalog]:
    """SQL → catalog; the same text is loaded once."""
    known: dict[str, Catalog] = {}

    def load(sql: str) -> Catalog:
        if sql not in known:
            known[sql] = load_catalog_from_text(postgres, sql, "schema.sql")
        return known[sql]

    return load


@pytest.fixture(scope="session")
def derive(catalogs: Callable[[str], Catalog]) -> Derive:
    """Bind a contract written as the YAML of its paths to a schema written as SQL."""

    def derived(
        sql: str,
        paths: str,
        schemas: str = "{}",
        document: Mapping[str, Any] | None = None,
        corrections: Corrections = Corrections(),
    ) -> Binding:
        whole = {
            "openapi": "3.1.0",
            "info": {"title": "Test", "version": "1"},
            "paths": _with_path_parameters(yaml.safe_load(paths)),
            "components": {
                "schemas": yaml.safe_load(schemas),
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "basic": {"type": "http", "scheme": "basic"},
                    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
                },
            },
            **(document or {}),
        }
        return bind(load_contract(whole), catalogs(sql), corrections)

    return derived


def _with_path_parameters(paths: dict[str, Any]) -> dict[str, Any]:
    """Every `{name}` of a path that is not declared, declared as a UUID."""
    for path, item in paths.items():
        names = [part[1:-1] for part in path.split("/") if part.startswith("{") and part.endswith("}")]
        declared = {one["name"] for one in item.get("parameters", []) if one["in"] == "path"}
        item.setdefault("parameters", []).extend(
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
            for name in names
            if name not in declared
        )
    return paths
