"""Clients compile, and names and texts of a document stand in them as data alone."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agent.contract.loading import load_contract, read_described
from agent.contract.model import Contract
from agent.stacks.clients.deriving import client_of
from agent.stacks.clients.model import Field, ListOf, MapOf, Named, Plain, Record, Union, Values
from agent.stacks.clients.python import python_client
from agent.stacks.clients.typescript import typescript_client

ROOT = Path(__file__).parents[3]
HOSTILE = '"""); import os; os.system("x") # */ ${x} \\ \n {{ 7 * 7 }} \u202e'


def document(schemas: Mapping[str, Any], answer: Mapping[str, Any] | None = None, **operation: Any) -> Contract:
    content = {"application/json": {"schema": answer}} if answer is not None else {}
    described = {"responses": {"200": {"description": "", "content": content}}, **operation}
    paths = {"/things/{thing-id}": {"get": {"operationId": "getThing", **described}}}
    head = {"openapi": "3.1.0", "info": {"title": "Things", "version": "1"}}
    return read_described({**head, "paths": paths, "components": {"schemas": dict(schemas)}})


NASTY = document(
    {
        "class": {"type": "object", "properties": {"class": {"type": "string"}, "str": {"type": "string"}}},
        "Client": {"enum": ["a", HOSTILE, 3, None, True]},
        "Exception": {"type": "object", "properties": {HOSTILE: {"$ref": "#/components/schemas/class"}}},
        "Tree": {
            "type": "object",
            "description": HOSTILE,
            "required": ["children"],
            "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
        },
        "Recursive": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/components/schemas/Recursive"}}]
        },
        "client": {"allOf": [{"$ref": "#/components/schemas/Tree"}, {"properties": {"list": {"type": "integer"}}}]},
        "Map": {"type": "object", "additionalProperties": {"type": ["number", "null"]}},
    },
    {"$ref": "#/components/schemas/Tree"},
    summary=HOSTILE,
    parameters=[
        {"name": "thing-id", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "self", "in": "query", "schema": {"type": "boolean"}},
        {"name": "body", "in": "query", "schema": {"type": "array", "items": {"enum": ["x", "y"]}}},
        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
    ],
    requestBody={"content": {"application/json": {"schema": {"type": "object", "properties": {"a b": {}}}}}},
)
CONTRACTS = {
    "bookshop": lambda: load_contract(ROOT / "examples/bookshop/openapi.yaml"),
    "helpdesk": lambda: load_contract(ROOT / "examples/helpdesk/openapi.yaml"),
    "nasty": lambda: NASTY,
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_python_clients_pass_mypy_strict(name: str, tmp_path: Path) -> None:
    file = tmp_path / "client.py"
    file.write_text(python_client(client_of(CONTRACTS[name]())))
    options = ["--config-file=", "--strict", "--cache-dir", str(ROOT / ".mypy_cache")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(file)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("tsc") is None, reason="no tsc here")
@pytest.mark.parametrize("name", CONTRACTS)
def test_typescript_clients_compile(name: str, tmp_path: Path) -> None:
    file = tmp_path / "client.ts"
    file.write_text(typescript_client(client_of(CONTRACTS[name]())))
    options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "ES2022", "--lib", "ES2022,DOM,DOM.Iterable"]
    done = subprocess.run(["tsc", *options, str(file)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_a_python_client_asks_what_the_document_says() -> None:
    module: dict[str, Any] = {}
    exec(python_client(client_of(NASTY)), module)  # noqa: S102 it is what this test is about
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(404 if "missing" in str(request.url) else 200, json={"children": []})

    client = module["Client"]("https://example.org/api", transport=httpx.MockTransport(answer))
    assert client.get_thing("a/b ü", self_=True, body_2=["x", "y"], x_trace="t", body={"a b": 1}) == {"children": []}
    (request,) = asked
    assert str(request.url) == "https://example.org/api/things/a%2Fb%20%C3%BC?self=true&body=x&body=y"
    assert (request.headers["x-trace"], json.loads(request.content)) == ("t", {"a b": 1})
    with pytest.raises(module["ApiError"]) as refused:
        client.get_thing("missing")
    assert refused.value.response.status_code == 404


def types_of(contract: Contract) -> dict[str, Any]:
    return {one.name: one for one in client_of(contract).declarations}


def test_schemas_become_types() -> None:
    book = {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "state": {"enum": ["new", "old"]},
            "rank": {"type": ["integer", "null"]},
            "author": {"type": "object", "properties": {"name": {"type": "string"}}},
            "notes": {"type": "object", "additionalProperties": {"type": "string"}},
            "parent": {"$ref": "#/components/schemas/Book"},
        },
    }
    made = types_of(document({"Book": book}))["Book"]
    assert made == Record(
        "Book",
        "",
        (
            Field("id", Plain("string"), True),
            Field("tags", ListOf(Plain("string")), False),
            Field("state", Values(("new", "old")), False),
            Field("rank", Union((Plain("integer"), Plain("null"))), False),
            Field("author", Named("BookAuthor"), False),
            Field("notes", MapOf(Plain("string")), False),
            Field("parent", Named("Book"), False),
        ),
    )


def test_an_answer_without_a_type_is_told() -> None:
    assert client_of(document({}, {})).untyped == ("GET /things/{thing-id}",)
    loose = document({"Anything": {}}, {"$ref": "#/components/schemas/Anything"})
    assert client_of(loose).untyped == ("GET /things/{thing-id}",)
    assert client_of(document({}, {"type": "string"})).untyped == ()
    assert client_of(document({})).calls[0].answer == Plain("null")


NAMES = some.text(min_size=1, max_size=12) | some.sampled_from(["list", "Any", "__x", "None", "class", "a-b", HOSTILE])


@settings(max_examples=40, deadline=None)
@given(some.dictionaries(NAMES, NAMES, max_size=4), NAMES)
def test_whatever_names_are_the_client_is_one_module(properties: dict[str, str], text: str) -> None:
    thing = {
        "type": "object",
        "description": text,
        "properties": {name: {"enum": [value]} for name, value in properties.items()},
    }
    client = client_of(document({"Thing": thing}, {"$ref": "#/components/schemas/Thing"}, summary=text))
    module = ast.parse(python_client(client))
    classes = {node.name for node in module.body if isinstance(node, ast.ClassDef)}
    assert classes <= {"Thing", "ApiError", "Client"}
    assert not any(isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant) for node in module.body)
    assert typescript_client(client).count("export class Client ") == 1
