"""Documents that are odd and valid: a whole service is written from each, tests and all, and its code compiles."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog_from_text
from agent.contract.loading import load_contract
from agent.stacks.base import Scaffold
from agent.stacks.python_fastapi.stack import PythonFastapi
from tests.stacks.python_fastapi.blueprint.conftest import EXAMPLES
from tools.postgres.server import PostgresServer

TEXT = {"type": "string"}
THINGS = "CREATE TABLE things (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, parts jsonb)"
NESTED = {
    "type": "object",
    "required": ["id", "name", "parts"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "name": TEXT,
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Nested"}},
    },
}


DISTINCT = {"type": "array", "items": TEXT, "uniqueItems": True}


def refers(name: str) -> dict[str, Any]:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def described(schema: Any) -> dict[str, Any]:
    """What a body and an answer have in common."""
    return {"description": "d", "content": {"application/json": {"schema": schema}}}


def written(server: PostgresServer, paths: dict[str, Any], sql: str, **schemas: Any) -> Scaffold:
    """The whole service of a document with these paths."""
    contract = load_contract(
        {
            "openapi": "3.1.0",
            "info": {"title": "Odd", "version": "1"},
            "paths": paths,
            "components": {
                "schemas": {"Nested": NESTED, **schemas},
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
        }
    )
    catalog = load_catalog_from_text(server, sql, "schema.sql")
    return PythonFastapi().scaffold(contract, catalog, bind(contract, catalog), "Odd")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": True},
        {"type": "array", "prefixItems": [TEXT, {"type": "integer"}], "items": False},
        {"enum": [1, "a", None]},
        {"$ref": "#/components/schemas/Nested"},
        {"type": "object", "properties": {"name": True, "parts": {"type": "string", "minLength": 5, "maxLength": 3}}},
    ],
    ids=[
        "items of any kind",
        "a tuple",
        "values of several types",
        "a schema that contains itself",
        "properties of any value and of none",
    ],
)
def test_a_service_is_written_and_compiles(postgres: PostgresServer, schema: dict[str, Any]) -> None:
    item = {
        "get": {"responses": {"200": described(schema)}},
        "post": {"requestBody": described(schema), "responses": {"201": described(schema)}},
    }

    files = written(postgres, {"/things": item}, THINGS).files

    for path, text in files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")
    assert "tests/factories.py" in files


def test_unit_tests_of_a_login_know_the_password_whatever_its_column_is_called(postgres: PostgresServer) -> None:
    contract = load_contract(EXAMPLES / "bookshop" / "openapi.yaml")
    sql = (EXAMPLES / "bookshop" / "schema.sql").read_text(encoding="utf-8").replace("password_hash", "hashed_password")
    catalog = load_catalog_from_text(postgres, sql, "schema.sql")

    files = PythonFastapi().scaffold(contract, catalog, bind(contract, catalog), "Books").files

    assert "hashed_password" in files["src/repositories/users.py"]
    assert "password_hash=await hash_password(" in files["tests/unit/test_auth_service.py"]


def test_what_one_finds_of_ones_own_is_asked_for_by_its_owner(postgres: PostgresServer) -> None:
    users = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL);"
    sql = (
        users
        + "CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, body text NOT NULL)"
    )
    answer = {"type": "object", "required": ["id", "body"], "properties": {"id": {"type": "integer"}, "body": TEXT}}
    reading = {
        "operationId": "readNote",
        "summary": "One of my notes",
        "security": [{"token": []}],
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
        "responses": {"200": described(answer), "403": {"description": "f"}, "404": {"description": "n"}},
    }
    text = written(postgres, {"/notes/{id}": {"get": reading}}, sql).files["tests/unit/test_notes_service.py"]
    found, refused = (
        text.partition(f"def test_read_note{name}()")[2].partition("async def")[0] for name in ("", "_of_somebody_else")
    )
    assert "Caller(id=notes.rows[0].user_id)" in found
    assert "pytest.raises(Forbidden)" in refused


def test_a_service_that_only_logs_in_has_unit_tests(postgres: PostgresServer) -> None:
    sent = {"type": "object", "required": ["email", "password"], "properties": {"email": TEXT, "password": TEXT}}
    said = {"type": "object", "required": ["access_token"], "properties": {"access_token": TEXT}}
    paths = {"/auth/login": {"post": {"requestBody": described(sent), "responses": {"200": described(said)}}}}
    sql = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL)"

    text = written(postgres, paths, sql).files["tests/unit/test_auth_service.py"]

    assert "users.credentials = UserCredentials(" in text
    assert len(re.findall("^async def test_", text, re.MULTILINE)) == 3


def test_tests_send_a_body_with_methods_that_have_no_argument_for_one(postgres: PostgresServer) -> None:
    item = {"get": {"requestBody": described(TEXT), "responses": {"200": described(TEXT)}}}

    text = written(postgres, {"/things": item}, THINGS).files["tests/integration/test_things.py"]

    assert 'client.request("GET", "/things", json=' in text


def test_factories_call_nothing_in_the_defaults_of_arguments(postgres: PostgresServer) -> None:
    sql = THINGS.replace("parts jsonb", "parts jsonb, origin uuid NOT NULL")

    text = written(postgres, {"/things": {"get": {"responses": {"200": described(TEXT)}}}}, sql).files[
        "tests/factories.py"
    ]

    assert "    origin: UUID = THING_ORIGIN,\n" in text
    assert re.search(r'^THING_ORIGIN = UUID\("[0-9a-f-]{36}"\)$', text, re.MULTILINE)


@pytest.mark.parametrize("name", ["Response", "Form", "Route", "NotFound", "AfterValidator", "List", "date", "class"])
def test_a_component_may_be_called_as_what_the_code_around_it_imports(postgres: PostgresServer, name: str) -> None:
    schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "tags": DISTINCT}}
    item = {"post": {"requestBody": described(refers(name)), "responses": {"201": described(refers(name))}}}

    files = written(postgres, {"/things": item}, THINGS, **{name: schema}).files

    routes = ast.parse(files["src/api/routes/things.py"])
    imported = [one.name for node in routes.body if isinstance(node, ast.ImportFrom) for one in node.names]
    assert len(imported) == len(set(imported))
    classes = [node.name for node in ast.parse(files["src/schemas/api.py"]).body if isinstance(node, ast.ClassDef)]
    assert not {"Response", "Form", "Route", "NotFound", "AfterValidator"} & set(classes)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "date", "default": "2020-01-01"},
        {"type": "integer", "default": "10"},
        {"type": "object", "properties": {"a": TEXT}, "default": {}},
    ],
)
def test_a_default_that_generated_types_cannot_hold_is_said_and_not_filled_in(
    postgres: PostgresServer, schema: dict[str, Any]
) -> None:
    body = {"type": "object", "properties": {"value": schema}}
    item = {"post": {"requestBody": described(body), "responses": {"201": described(TEXT)}}}

    text = written(postgres, {"/things": item}, THINGS).files["src/schemas/api.py"]

    assert f'"default": {schema["default"]!r}'.replace("'", '"') in text
    assert "= MISSING" in text


def test_lists_bodies_and_forms_as_other_frameworks_write_them(postgres: PostgresServer) -> None:
    thing = {"type": "object", "required": ["id", "name"], "properties": {"id": {"type": "integer"}, "name": TEXT}}
    new = {"type": "object", "required": ["name"], "properties": {"name": TEXT, "id": {"type": "integer"}}}
    address = {"type": ["string", "null"], "format": "uri"}
    paged = {"count": {"type": "integer"}, "next": address, "results": {"type": "array", "items": thing}}
    behind = {"items": {"type": "array", "items": thing}, "next_cursor": {"type": ["string", "null"]}}
    wrapped = {"type": "object", "properties": {"thing": new}}
    form = {"content": {"application/x-www-form-urlencoded": {"schema": {**new, "description": "a form"}}}}
    names = {"things": ("page", paged), "other_things": ("cursor", behind)}
    paths: dict[str, Any] = {
        f"/{path}": {
            "get": {
                "parameters": [
                    {"name": name, "in": "query", "schema": TEXT if name == "cursor" else {"type": "integer"}}
                    for name in (turns, "limit")
                ],
                "responses": {"200": described({"type": "object", "required": [*said], "properties": said})},
            }
        }
        for path, (turns, said) in names.items()
    }
    paths["/things"]["post"] = {"requestBody": described(wrapped), "responses": {"201": described(thing)}}
    paths["/other_things"]["post"] = {"requestBody": form, "responses": {"201": described(thing)}}
    sql = THINGS.replace("ALWAYS", "BY DEFAULT")

    scaffold = written(postgres, paths, f"{sql}; {sql.replace('things', 'other_things')}")

    assert not scaffold.holes
    files = scaffold.files
    service, other = files["src/services/things.py"], files["src/services/other_things.py"]
    assert re.search(r'"next": page_url\(url, \{"page": start \+ 1\}\)\s+if', service)
    assert "if body.thing is MISSING:" in service
    assert '"next_cursor": str(rows[-1].id) if more else None' in other
    assert "Annotated[PostOtherThingsBody, Form()]" in files["src/api/routes/other_things.py"]
    assert "    id: int | MISSING = MISSING" in files["src/schemas/api.py"]
    assert 'json={"thing": body}' in files["tests/integration/test_things.py"]
    assert "tests/unit/test_turning.py" in files
    assert "AnyUrl(origin)" in files["src/api/addresses.py"]


def test_a_list_whose_pages_go_both_ways(postgres: PostgresServer) -> None:
    thing = {"type": "object", "required": ["id", "name"], "properties": {"id": {"type": "integer"}, "name": TEXT}}
    page = {"data": {"type": "array", "items": thing}, "has_more": {"type": "boolean"}}
    asked = {"starting_after": TEXT, "ending_before": TEXT, "limit": {"type": "integer", "maximum": 50}}
    get = {
        "operationId": "list_things",
        "parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in asked.items()],
        "responses": {"200": described({"type": "object", "required": [*page], "properties": page})},
    }

    scaffold = written(postgres, {"/things": {"get": get}}, THINGS)

    assert not scaffold.holes
    files = scaffold.files
    service, tests = files["src/services/things.py"], files["tests/integration/test_things.py"]
    assert re.search(r"if starting_after is not None and ending_before is not None:\s+raise InvalidInput\(", service)
    assert re.search(r"rows = rows\[:most\]\s+if ending_before is not None:\s+rows = rows\[::-1\]", service)
    order = r'" ORDER BY (\S+)"\s+if ending_before is None\s+else " ORDER BY \1 DESC"'
    assert re.search(order, files["src/repositories/things.py"])
    for name in ("before_the_last_row", "right_before_the_last_row", "before_and_behind_a_row"):
        assert f"async def test_list_things_{name}(" in tests


def test_a_body_that_needs_one_of_several_properties_is_one_class_that_says_so(postgres: PostgresServer) -> None:
    either = [{"required": ["name"]}, {"required": ["title"]}]
    new = {"type": "object", "properties": {"name": TEXT, "title": TEXT}, "anyOf": either}
    post = {"operationId": "add", "requestBody": described(refers("NewThing")), "responses": {"204": {}}}
    sql = "CREATE TABLE things (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, title text)"

    scaffold = written(postgres, {"/things": {"post": post}}, sql, NewThing=new)

    assert not scaffold.holes
    schemas, tests = scaffold.files["src/schemas/api.py"], scaffold.files["tests/integration/test_things.py"]
    assert schemas.count("class NewThing") == 1
    said = re.search(r"class NewThing\(CountedModel\):\s+model_config = ConfigDict\(\s*json_schema_extra=(.*)", schemas)
    assert said is not None
    assert said[1].startswith('{"anyOf": [{"required": ["name"]}, {"required": ["title"]}]}')
    assert "Properties" not in scaffold.files["src/schemas/counting.py"]
    assert 'pytest.param({}, id="body: none of the alternatives")' in tests
