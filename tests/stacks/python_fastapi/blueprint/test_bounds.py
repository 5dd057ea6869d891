"""What schemas ask of values, and whether a generated service lets values pass that do not keep it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agent.contract.compare import parity
from agent.contract.loading import load_contract
from agent.stacks.python_fastapi.blueprint.patterns import plain_pattern, python_pattern
from tests.stacks.python_fastapi.blueprint.conftest import Write

TEXT = {"type": "string"}
UUID_TEXT = "b0000000-0000-4000-8000-000000000000"
JS = r"^[\w-.]+$"
"""Neither Python nor Rust reads it as it is: a hyphen after a class."""


def text(**keywords: Any) -> dict[str, Any]:
    """The schema of a text."""
    return {"type": "string", **keywords}


def listed(**keywords: Any) -> dict[str, Any]:
    """The schema of a list of texts."""
    return {"type": "array", "items": TEXT, **keywords}


PARAMETERS: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "uuid and pattern": (text(format="uuid", pattern="^b"), UUID_TEXT, UUID_TEXT.replace("b", "c")),
    "uuid and length": (text(format="uuid", minLength=36, maxLength=36), UUID_TEXT, "b"),
    "date and pattern": (text(format="date", pattern="^2"), "2020-01-01", "1020-01-01"),
    "moment and length": (text(format="date-time", maxLength=20), "2020-01-01T00:00:00Z", "2020-01-01T00:00:00.00Z"),
    "time and length": (text(format="time", maxLength=9), "10:00:00Z", "10:00:00.00Z"),
    "pattern that looks around": (text(pattern="^(?!b)"), "a", "b"),
    "pattern of ECMAScript": (text(pattern=JS), "a-b", "@"),
    "pattern with a large bound": (text(pattern=r"^\w{1,20000}$"), "a", "@"),
    "list without repetition": (listed(uniqueItems=True), ["a", "b"], ["a", "a"]),
    "list of whole numbers": ({"type": "array", "items": {"type": "integer", "enum": [1, 2]}}, ["1"], ["3"]),
    "listed whole numbers": ({"type": "integer", "enum": [1, 2]}, "2", "3"),
    "listing that may be null": ({"type": ["string", "null"], "enum": ["a", None]}, "a", "b"),
    "number or identifier": ({"anyOf": [{"type": "integer", "minimum": 5}, text(format="uuid")]}, "7", "4"),
    "several types": ({"type": ["integer", "boolean"]}, "true", "b"),
    "part of one": ({"allOf": [{"type": "integer", "maximum": 5}], "description": "d"}, "5", "6"),
    "part of one, a listing": ({"allOf": [{"$ref": "#/components/schemas/Listing"}]}, "a", "b"),
    "bounded or null": ({"anyOf": [text(maxLength=1), {"type": "null"}]}, "a", "ab"),
}
"""What is asked of a query parameter → schema, a value that keeps it, one that does not."""
BODIES: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "uuid and pattern": (text(format="uuid", pattern="^b"), UUID_TEXT, UUID_TEXT.replace("b", "c")),
    "date and pattern": (text(format="date", pattern="^2"), "2020-01-01", "1020-01-01"),
    "address and length": (text(format="uri", maxLength=20), "https://example.com", "https://example.com/and/more"),
    "pattern that looks around": (text(pattern="^(?!b)"), "a", "b"),
    "pattern of ECMAScript": (text(pattern=JS), "a-b", "@"),
    "reference to a pattern": ({"$ref": "#/components/schemas/Pattern"}, "a-b", "@"),
    "list without repetition": (listed(uniqueItems=True), ["a", "b"], ["a", "a"]),
    "list of objects without repetition": (
        {"type": "array", "items": {"type": "object", "properties": {"a": TEXT}}, "uniqueItems": True},
        [{"a": "a"}, {"a": "b"}],
        [{"a": "a"}, {"a": "a"}],
    ),
    "names that match": ({"type": "object", "patternProperties": {JS: TEXT}}, {"a": "a"}, {"a": 1}),
}
"""What is asked of a property of a body → schema, a value that keeps it, one that does not."""
ASK = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
os.environ |= {"DATABASE_URL": "postgresql://a@b/c", "JWT_SECRET": "x" * 64, "REDIS_URL": "redis://localhost"}
from pydantic import TypeAdapter, ValidationError
from src.main import app

def takes(read, value):
    try:
        read(value)
    except ValidationError:
        return False
    return True

found = {}
for route in (route for router in app.routes for route in getattr(router, "routes", [router])):
    if getattr(route, "path", "").startswith(("/parameter", "/body")):
        good, bad = json.loads(sys.argv[1])[route.path]
        dependant = route.dependant
        if route.path.startswith("/body"):
            read = lambda value: dependant.body_params[0]._type_adapter.validate_json(json.dumps({"value": value}))
        else:
            read = dependant.query_params[0]._type_adapter.validate_python
        found[route.path] = takes(read, good), takes(read, bad)
print(json.dumps([found, app.openapi()]))
"""


def document() -> dict[str, Any]:
    """An operation for each row of the tables."""
    paths: dict[str, Any] = {}
    done = {"204": {"description": "d"}}
    for index, (schema, _, _) in enumerate(PARAMETERS.values()):
        parameter = {"name": "value", "in": "query", "required": True, "schema": schema}
        paths[f"/parameter{index}"] = {"get": {"parameters": [parameter], "responses": done}}
    for index, (schema, _, _) in enumerate(BODIES.values()):
        content = {"application/json": {"schema": {"type": "object", "properties": {"value": schema}}}}
        paths[f"/body{index}"] = {"post": {"requestBody": {"required": True, "content": content}, "responses": done}}
    schemas = {"Listing": text(enum=["a"]), "Pattern": text(pattern=JS)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bounds", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


@pytest.fixture(scope="module")
def told(write: Write, toolchain: Path) -> tuple[dict[str, list[bool]], dict[str, Any]]:
    """Path → whether it takes the good value and the bad one; the document that the service derives of itself."""
    written = write(document(), "")
    values = {f"/parameter{index}": row[1:] for index, row in enumerate(PARAMETERS.values())}
    values |= {f"/body{index}": row[1:] for index, row in enumerate(BODIES.values())}
    command = [str(toolchain / "bin" / "python"), "-c", ASK, json.dumps(values)]
    done = subprocess.run(command, cwd=written.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found, derived = json.loads(done.stdout)
    return found, derived


def test_what_types_alone_do_not_keep_is_kept(told: tuple[dict[str, list[bool]], Any]) -> None:
    found, _ = told
    named = [f"parameter: {name}" for name in PARAMETERS] + [f"body: {name}" for name in BODIES]
    kept = dict(zip(named, found.values(), strict=True))

    assert {name: takes for name, takes in kept.items() if takes != [True, False]} == {}


def test_the_service_describes_the_bounds_as_the_contract_does(told: tuple[Any, dict[str, Any]]) -> None:
    _, derived = told
    assert [str(one) for one in parity(load_contract(document()), derived)] == []


@pytest.mark.parametrize(
    ("pattern", "python"),
    [
        (JS, r"^[\w\-.]+\Z"),
        (r"^\w{1,20000}$", r"^\w{1,20000}\Z"),
        (r"(?<n>a)\k<n>", r"(?P<n>a)(?P=n)"),
        (r"^[^]$", r"^[\s\S]\Z"),
        (r"[$]\$[[a]", r"[$]\$[\[a]"),
        (r"^(?=a)\p{L}", None),
    ],
)
def test_patterns_that_rust_cannot_read_are_spelt_for_python(pattern: str, python: str | None) -> None:
    assert not plain_pattern(pattern)
    assert python_pattern(pattern) == python
