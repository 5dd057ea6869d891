"""What schemas ask of values, and whether a generated service lets values pass that do not keep it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agent.contract.compare import parity
from agent.contract.loading import load_contract
from agent.contract.validating import validate
from agent.stacks.python_fastapi.blueprint.patterns import plain_pattern, python_pattern
from agent.stacks.python_fastapi.blueprint.unkept import unkept
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
LOOKS_AT_LETTERS = r"^(?=a)\p{L}"
"""No engine here looks ahead and knows classes of Unicode."""
UNKEPT: dict[str, tuple[dict[str, Any], Any]] = {
    "not": (text(**{"not": {"enum": ["a"]}}), "a"),
    "if": ({"type": "object", "properties": {"a": TEXT}, "if": {"required": ["a"]}, "then": False}, {"a": "a"}),
    "dependentRequired": ({"type": "object", "dependentRequired": {"a": ["b"]}}, {"a": "a"}),
    "dependentSchemas": ({"type": "object", "dependentSchemas": {"a": {"required": ["b"]}}}, {"a": "a"}),
    "contains": ({"type": "array", "items": TEXT, "contains": {"const": "b"}}, ["a"]),
    "prefixItems": ({"type": "array", "prefixItems": [TEXT, {"type": "integer"}]}, ["a", "a"]),
    "patternProperties": ({"type": "object", "properties": {"b": TEXT}, "patternProperties": {"^a": TEXT}}, {"a": 1}),
    "propertyNames/pattern": (
        {"type": "object", "propertyNames": {"pattern": JS}, "additionalProperties": TEXT},
        {"@": ""},
    ),
    "oneOf": ({"oneOf": [{"type": "integer", "minimum": 1}, {"type": "integer", "maximum": 5}]}, 3),
    "pattern": (text(pattern=LOOKS_AT_LETTERS), "b"),
    "items/pattern": ({"type": "array", "items": text(pattern=JS)}, ["@"]),
    "items/maxLength": ({"type": "array", "items": text(format="uri", maxLength=20)}, ["https://example.com/and/more"]),
    "items/uniqueItems": ({"type": "array", "items": listed(uniqueItems=True)}, [["a", "a"]]),
    "format": (text(format="byte"), "%"),
    "const": ({"const": 1.5}, 2.5),
    "minLength": ({"minLength": 3}, "a"),
    "minimum": ({"minimum": 3}, 1),
    "required": ({"required": ["a"]}, {}),
}
"""Keyword, as its place in the schema of a property → the schema, and a value that does not keep it and is taken."""
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
    if getattr(route, "path", "").startswith(("/parameter", "/body", "/unkept")):
        good, bad = json.loads(sys.argv[1])[route.path]
        dependant = route.dependant
        if not route.path.startswith("/parameter"):
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
    for kind, rows in (("body", BODIES), ("unkept", UNKEPT)):
        for index, (schema, *_) in enumerate(rows.values()):
            content = {"application/json": {"schema": {"type": "object", "properties": {"value": schema}}}}
            body = {"required": True, "content": content}
            paths[f"/{kind}{index}"] = {"post": {"requestBody": body, "responses": done}}
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
    values |= {f"/unkept{index}": (row[1], row[1]) for index, row in enumerate(UNKEPT.values())}
    command = [str(toolchain / "bin" / "python"), "-c", ASK, json.dumps(values)]
    done = subprocess.run(command, cwd=written.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found, derived = json.loads(done.stdout)
    return found, derived


def test_what_types_alone_do_not_keep_is_kept(told: tuple[dict[str, list[bool]], Any]) -> None:
    found, _ = told
    named = [f"parameter: {name}" for name in PARAMETERS] + [f"body: {name}" for name in BODIES]
    takes_of = [takes for path, takes in found.items() if not path.startswith("/unkept")]
    kept = dict(zip(named, takes_of, strict=True))

    assert {name: takes for name, takes in kept.items() if takes != [True, False]} == {}


def test_the_service_describes_the_bounds_as_the_contract_does(told: tuple[Any, dict[str, Any]]) -> None:
    _, derived = told
    differences = [str(one) for one in parity(load_contract(document()), derived)]
    assert [one for one in differences if "/unkept" not in one] == []


def test_what_is_not_kept_and_nothing_else_is_told_with_its_json_pointer(
    told: tuple[dict[str, list[bool]], Any],
) -> None:
    found, _ = told
    head = "#/paths/~1unkept{}/post/requestBody/content/application~1json/schema/properties/value/{}"
    contract = load_contract(document())

    pointers = [pointer for note in unkept(contract) for pointer in note.rpartition(": ")[2].split(", ")]

    assert {name for name, path in zip(UNKEPT, _unkept_paths(), strict=True) if not found[path][0]} == set()
    assert sorted(pointers) == sorted(head.format(index, name) for index, name in enumerate(UNKEPT))
    for path, row in zip(_unkept_paths(), UNKEPT.values(), strict=True):
        sent = contract.operation(f"POST {path}").body
        assert sent is not None
        assert sent.json is not None
        assert validate(contract, sent.json, {"value": row[1]}), "the value breaks the contract"


def _unkept_paths() -> list[str]:
    return [f"/unkept{index}" for index in range(len(UNKEPT))]


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"style": "deepObject"}, "`style`: the parameter is read as plain text: #/paths/~1a/get/parameters/0/style"),
        (
            {"schema": listed(), "explode": False},
            "`explode`: the parameter is read as plain text: #/paths/~1a/get/parameters/0/explode",
        ),
        (
            {"schema": {"type": "object"}},
            "`type: object`: the parameter is read as plain text: #/paths/~1a/get/parameters/0/schema/type",
        ),
        (
            {"schema": listed(default=["a"])},
            "`default`: nothing is filled in: #/paths/~1a/get/parameters/0/schema/default",
        ),
    ],
)
def test_ways_of_writing_parameters_that_are_not_read_are_told(changes: dict[str, Any], note: str) -> None:
    parameter = {"name": "value", "in": "query", "schema": TEXT, **changes}
    item = {"get": {"parameters": [parameter], "responses": {"204": {"description": "d"}}}}

    assert unkept(load_contract({**document(), "paths": {"/a": item}})) == (note,)


def test_media_types_webhooks_and_callbacks_that_nothing_is_written_for_are_told() -> None:
    body = {"content": {"application/json": {"schema": TEXT}, "application/xml": {"schema": TEXT}}}
    hook = {"post": {"responses": {"204": {"description": "d"}}}}
    post = {"requestBody": body, "callbacks": {"done": {"{$request.query.url}": hook}}, **hook["post"]}

    notes = unkept(load_contract({**document(), "paths": {"/a": {"post": post}}, "webhooks": {"made": hook}}))

    assert notes == (
        "`application/xml`: bodies in that media type are not read: #/paths/~1a/post/requestBody",
        "`callbacks`: nobody is called: #/paths/~1a/post/callbacks/done",
        "`webhooks`: nobody is called: #/webhooks/made",
    )


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
