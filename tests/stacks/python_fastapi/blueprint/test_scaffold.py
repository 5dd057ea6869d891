"""What the blueprint writes imports, lints clean, type-checks clean and declares what the contract says."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ruff import find_ruff_bin  # type: ignore[import-untyped]  # it has no stubs

from agent.binding.deriving import bind
from agent.catalog.model import Catalog
from agent.contract.compare import parity
from agent.contract.loading import load_contract
from agent.stacks.python_fastapi.blueprint.holes import open_holes
from agent.stacks.python_fastapi.blueprint.scaffold import scaffold_service
from tests.stacks.python_fastapi.blueprint.conftest import Write, Written
from tests.stacks.python_fastapi.blueprint.documents import MEMBERS, members_document, nasty_document

TOOLCHAIN = Path(scaffold_service.__code__.co_filename).parents[1] / "toolchain"
SETTINGS = {
    "DATABASE_URL": "postgresql://nobody@localhost/nothing",
    "JWT_SECRET": "s" * 40,
    "REDIS_URL": "redis://localhost",
}

SHOP = """
CREATE TABLE shops ("Id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "order" varchar(20) NOT NULL UNIQUE,
    price numeric(10, 2), opened timestamp, tags text[] NOT NULL DEFAULT '{}', details jsonb,
    code varchar(36), since text, closed text, floor smallint);
CREATE TABLE shelves (shop_id bigint NOT NULL REFERENCES shops ("Id"), number integer NOT NULL, label text,
    PRIMARY KEY (shop_id, number));
"""


def shop_document() -> dict[str, Any]:
    """Integer keys, quoted columns, a composite key, conversions, arrays and JSON."""
    shop = {
        "type": "object",
        "required": ["id", "order"],
        "properties": {
            "id": {"type": "integer"},
            "order": {"type": "string"},
            "price": {"type": "number"},
            "opened": {"type": ["string", "null"], "format": "date-time"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "details": {"type": ["object", "null"]},
            "code": {"type": ["string", "null"], "format": "uuid"},
            "since": {"type": ["string", "null"], "format": "date"},
            "closed": {"type": ["string", "null"], "format": "date-time"},
            "floor": {"type": ["number", "null"]},
        },
    }
    new = {
        "type": "object",
        "additionalProperties": False,
        "required": ["order"],
        "properties": {name: kind for name, kind in shop["properties"].items() if name != "id"},  # type: ignore[attr-defined]
    }
    shelf = {
        "type": "object",
        "properties": {"number": {"type": "integer"}, "label": {"type": ["string", "null"]}},
        "required": ["number"],
    }
    item = {"name": "shopId", "in": "path", "required": True, "schema": {"type": "integer"}}
    number = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}

    def answer(schema: dict[str, Any], status: str = "200") -> dict[str, Any]:
        return {
            status: {"description": "good", "content": {"application/json": {"schema": schema}}},
            "404": {"description": "no such thing"},
            "409": {"description": "conflict"},
            "422": {"description": "invalid"},
        }

    def body(schema: dict[str, Any]) -> dict[str, Any]:
        return {"required": True, "content": {"application/json": {"schema": schema}}}

    changes = {"type": "object", "properties": new["properties"]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shops", "version": "1"},
        "paths": {
            "/shops": {
                "get": {
                    "parameters": [
                        {"name": "skip", "in": "query", "schema": {"type": "integer", "minimum": 0}},
                        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}},
                        {"name": "sort_by", "in": "query", "schema": {"enum": ["id", "order"], "type": "string"}},
                        {"name": "sort_dir", "in": "query", "schema": {"enum": ["asc", "desc"], "type": "string"}},
                    ],
                    "responses": answer({"type": "array", "items": {"$ref": "#/components/schemas/Shop"}}),
                },
                "post": {
                    "requestBody": body({"$ref": "#/components/schemas/NewShop"}),
                    "responses": answer({"$ref": "#/components/schemas/Shop"}, "201"),
                },
            },
            "/shops/{shopId}": {
                "parameters": [item],
                "get": {"responses": answer({"$ref": "#/components/schemas/Shop"})},
                "patch": {"requestBody": body(changes), "responses": answer({"$ref": "#/components/schemas/Shop"})},
            },
            "/shops/{shopId}/shelves": {
                "parameters": [item],
                "get": {"responses": answer({"type": "array", "items": shelf})},
                "post": {"requestBody": body(shelf), "responses": answer(shelf, "201")},
            },
            "/shops/{shopId}/shelves/{number}": {
                "parameters": [item, number],
                "get": {"responses": answer(shelf)},
                "delete": {
                    "responses": {
                        "204": {"description": "gone"},
                        "404": {"description": "none"},
                        "409": {"description": "used"},
                        "422": {"description": "invalid"},
                    }
                },
            },
        },
        "components": {"schemas": {"Shop": shop, "NewShop": new}},
    }


@pytest.fixture(params=["bookshop", "helpdesk", "shops", "members", "nasty"])
def service(request: pytest.FixtureRequest, write: Write) -> Written:
    """Both examples, schemas and documents with what is unusual, and one with everything unfriendly and no table."""
    match request.param:
        case "shops":
            return write(shop_document(), SHOP)
        case "members":
            return write(members_document(), MEMBERS)
        case "nasty":
            return write(nasty_document(), "")
        case name:
            return write(str(name), "")


def test_bookshop_has_no_hole(write: Write) -> None:
    assert write("bookshop", "").holes == ()


def test_shops_have_no_hole(write: Write) -> None:
    assert [f"{hole.operation}: {hole.reason}" for hole in write(shop_document(), SHOP).holes] == []


def test_what_helpdesk_s_binding_could_not_derive_is_a_hole_with_its_reason(write: Write) -> None:
    helpdesk = write("helpdesk", "")

    assert {hole.operation: hole.reason for hole in helpdesk.holes} == {
        bound.operation.key: bound.reason for bound in helpdesk.binding.holes
    }
    assert len(helpdesk.holes) == 3


def test_holes_are_the_same_when_read_back(service: Written) -> None:
    assert [(hole.name, hole.line) for hole in open_holes(service.files)] == [
        (hole.name, hole.line) for hole in service.holes
    ]


def test_same_input_gives_the_same_bytes(write: Write) -> None:
    one = write("bookshop", "")

    again, _ = scaffold_service(one.contract, one.catalog, one.binding, one.contract.title)

    assert again == one.files


def test_every_operation_has_its_route(service: Written) -> None:
    routes = [text for path, text in service.files.items() if path.startswith("src/api/routes/")]
    decorators = [
        keyword.value
        for text in routes
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "operation_id"
    ]

    assert len(decorators) == len(service.contract.operations)


def test_no_select_star_and_no_value_in_sql_text(service: Written) -> None:
    for path, text in service.files.items():
        assert "SELECT *" not in text, path


def test_it_lints_clean_and_is_formatted(service: Written) -> None:
    ruff, config = find_ruff_bin(), TOOLCHAIN / "ruff.toml"

    linted = run(service.root, [ruff, "check", "--no-cache", "--config", str(config), "src"])
    formatted = run(service.root, [ruff, "format", "--check", "--no-cache", "--config", str(config), "src"])

    assert linted.returncode == 0, linted.stdout
    assert formatted.returncode == 0, formatted.stdout


def test_types_are_clean(service: Written, toolchain: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.getbasetemp() / "mypy"
    command = [toolchain / "bin" / "mypy", "--config-file", TOOLCHAIN / "mypy.ini", "--cache-dir", cache, "src"]

    checked = run(service.root, [str(part) for part in command])

    assert checked.returncode == 0, checked.stdout


def test_the_code_declares_what_the_contract_says(service: Written, toolchain: Path) -> None:
    described = run(service.root, [str(toolchain / "bin" / "python"), str(TOOLCHAIN / "describe.py"), "src.main:app"])

    assert described.returncode == 0, described.stderr
    assert [str(one) for one in parity(service.contract, json.loads(described.stdout)["document"])] == []


@pytest.mark.parametrize("missing", ["DATABASE_URL", "JWT_SECRET"])
def test_a_missing_setting_is_named_and_ends_the_process(write: Write, toolchain: Path, missing: str) -> None:
    command = [str(toolchain / "bin" / "python"), "-c", "import src.main"]

    started = run(write("bookshop", "").root, command, {**SETTINGS, missing: ""})

    assert started.returncode != 0
    assert missing in started.stderr
    assert "Traceback" not in started.stderr


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=3))
def test_whatever_a_document_says_its_service_compiles(texts: list[str]) -> None:
    contract = load_contract(nasty_document(tuple(text for text in texts if text.isprintable()) or ("x",)))
    catalog = Catalog((), (), (), "", ())

    files, holes = scaffold_service(contract, catalog, bind(contract, catalog), contract.title)

    for path, text in files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")
    assert len(holes) == len(contract.operations)


def run(folder: Path, command: list[str], settings: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **(settings or SETTINGS)}
    environment = {name: value for name, value in environment.items() if value}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
