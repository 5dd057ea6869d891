"""What a good document becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.contract.loading import load_contract
from agent.contract.model import Contract

DOCUMENTS = Path(__file__).parent / "documents"


@pytest.fixture(scope="module")
def library() -> Contract:
    return load_contract(DOCUMENTS / "library.yaml")


def document(paths: Any = None, openapi: str = "3.1.0", **more: Any) -> dict[str, Any]:
    return {
        "openapi": openapi,
        "info": {"title": "Books", "version": "1"},
        "paths": paths or {"/a": {"get": {"responses": {"200": {"description": "ok"}}}}},
        **more,
    }


def schema_of(schema: Any, openapi: str = "3.1.0") -> Any:
    return load_contract(document(openapi=openapi, components={"schemas": {"A": schema}})).schemas["A"]


def test_operations_keep_the_order_of_the_document(library: Contract) -> None:
    assert [operation.key for operation in library.operations] == [
        "GET /books",
        "POST /books",
        "GET /books/{bookId}",
        "DELETE /books/{bookId}",
        "PUT /books/{bookId}/cover",
    ]


def test_an_operation_without_an_id_gets_one_from_method_and_path(library: Contract) -> None:
    assert library.operation("DELETE /books/{bookId}").id == "deleteBooksBookId"


def test_made_ids_are_unique() -> None:
    get = {"get": {"responses": {"200": {"description": "ok"}}}}
    contract = load_contract(
        document({"/a-b": get, "/a/b": get, "/a.b": {"get": {**get["get"], "operationId": "getAB2"}}})
    )
    assert [operation.id for operation in contract.operations] == ["getAB", "getAB3", "getAB2"]


def test_parameters_of_the_path_belong_to_each_operation(library: Contract) -> None:
    [parameter] = library.operation("GET /books/{bookId}").parameters
    assert (parameter.name, parameter.location, parameter.required) == ("bookId", "path", True)
    assert parameter.schema == {"type": "string", "format": "uuid"}


def test_a_parameter_of_the_operation_replaces_that_of_the_path() -> None:
    item = {
        "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
        "get": {
            "parameters": [{"name": "q", "in": "query", "required": True, "schema": {"type": "integer"}}],
            "responses": {"200": {"description": "ok"}},
        },
    }
    [parameter] = load_contract(document({"/a": item})).operations[0].parameters
    assert (parameter.required, parameter.schema) == (True, {"type": "integer"})


def test_query_parameters_explode_and_path_parameters_do_not(library: Contract) -> None:
    limit = library.operation("GET /books").parameters[0]
    book = library.operation("GET /books/{bookId}").parameters[0]
    assert (limit.style, limit.explode, book.style, book.explode) == ("form", True, "simple", False)


def test_an_object_in_the_query_stands_there_in_parts() -> None:
    page = {
        "type": "object",
        "required": ["page"],
        "properties": {"page": {"type": "integer"}, "size": {"type": "integer"}},
    }
    whole = {"name": "pageable", "in": "query", "required": True, "schema": page}
    deep = {"name": "filter", "in": "query", "style": "deepObject", "schema": page}
    paths = {"/a": {"get": {"parameters": [whole, deep], "responses": {"200": {"description": "d"}}}}}
    contract = load_contract({"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": paths})
    found = contract.operations[0].parameters
    assert [(one.name, one.required) for one in found] == [("page", True), ("size", False), ("filter", False)]


def test_header_parameters_without_effect_are_left_out() -> None:
    names = ("Accept", "Content-Type", "authorization", "X-Trace")
    parameters = [{"name": name, "in": "header", "schema": {"type": "string"}} for name in names]
    item = {"get": {"parameters": parameters, "responses": {"200": {"description": "ok"}}}}
    assert [one.name for one in load_contract(document({"/a": item})).operations[0].parameters] == ["X-Trace"]


def test_statuses_are_texts_however_they_are_written(library: Contract) -> None:
    assert [answer.status for answer in library.operation("GET /books").answers] == ["200", "4XX"]


def test_shared_answers_and_bodies_are_followed(library: Contract) -> None:
    create = library.operation("POST /books")
    assert create.body is not None
    assert create.body.required
    assert create.body.json == {"$ref": "#/components/schemas/NewBook"}
    assert create.answers[1].json == {"$ref": "#/components/schemas/Problem"}
    assert create.success is not None
    assert create.success.status == "201"


def test_the_base_path_is_that_of_the_first_server_with_its_variables_filled(library: Contract) -> None:
    assert library.base_path == "/api/v1"


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ([], ""),
        ([{"url": "/"}], ""),
        ([{"url": "/v2/"}], "/v2"),
        ([{"url": "v2"}], "/v2"),
        ([{"url": "https://a.b"}], ""),
    ],
)
def test_base_paths(servers: list[Any], expected: str) -> None:
    assert load_contract(document(servers=servers)).base_path == expected


def test_security_of_the_document_holds_unless_the_operation_says_otherwise() -> None:
    answers = {"responses": {"200": {"description": "ok"}}}
    item = {
        "get": answers,
        "put": {**answers, "security": []},
        "post": {**answers, "security": [{"token": []}, {}]},
        "patch": {**answers, "security": [{"token": [], "key": []}]},
    }
    schemes = {
        "token": {"type": "oauth2", "flows": {"password": {"tokenUrl": "/login", "scopes": {}}}},
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    }
    contract = load_contract(document({"/a": item}, security=[{"key": []}], components={"securitySchemes": schemes}))
    by_method = {operation.method: operation for operation in contract.operations}
    assert by_method["get"].security == (frozenset({"key"}),)
    assert by_method["put"].security == ()
    assert by_method["post"].security == (frozenset({"token"}), frozenset())
    assert by_method["patch"].security == (frozenset({"token", "key"}),)
    assert [by_method[name].protected for name in ("get", "put", "post", "patch")] == [True, False, False, True]
    assert contract.security_schemes["token"].token_url == "/login"
    assert contract.security_schemes["key"].parameter == "X-Key"


def test_webhooks_are_not_operations() -> None:
    hook = {"new": {"post": {"responses": {"200": {"description": "ok"}}}}}
    assert [operation.key for operation in load_contract(document(webhooks=hook)).operations] == ["GET /a"]


def test_dates_and_words_like_on_stay_texts(tmp_path: Path) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(
        "openapi: 3.1.0\ninfo: {title: on, version: 2024-01-01}\n"
        "paths: {/a: {get: {responses: {200: {description: no}}}}}\n"
        "components: {schemas: {A: {properties: {on: {type: string}, yes: {const: off}}}}}\n"
    )
    contract = load_contract(path)
    assert (contract.title, contract.version) == ("on", "2024-01-01")
    assert contract.schemas["A"] == {"properties": {"on": {"type": "string"}, "yes": {"const": "off"}}}


def test_anchors_and_merge_keys_of_yaml_are_written_out(tmp_path: Path) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(
        "openapi: 3.1.0\ninfo: {title: a, version: b}\n"
        "x-shared: &shared {description: ok}\n"
        "paths: {/a: {get: {responses: {200: {<<: *shared, headers: {}}}}}}\n"
    )
    assert load_contract(path).operations[0].answers[0].description == "ok"


# Schemas: one dialect, whatever the document's version.


def test_nullable_becomes_a_type_array() -> None:
    assert schema_of({"type": "string", "nullable": True}, "3.0.3") == {"type": ["string", "null"]}


def test_a_nullable_enumeration_has_null_among_its_members() -> None:
    made = schema_of({"type": "string", "nullable": True, "enum": ["a"]}, "3.0.3")
    assert made == {"type": ["string", "null"], "enum": ["a", None]}


def test_a_nullable_composition_becomes_a_choice_with_null() -> None:
    components = {
        "schemas": {"A": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/B"}]}, "B": {"type": "string"}}
    }
    contract = load_contract(document(openapi="3.0.3", components=components))
    assert contract.schemas["A"] == {"anyOf": [{"allOf": [{"$ref": "#/components/schemas/B"}]}, {"type": "null"}]}


def test_exclusive_bounds_become_numbers() -> None:
    old = {"type": "integer", "minimum": 1, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": False}
    assert schema_of(old, "3.0.3") == {"type": "integer", "exclusiveMinimum": 1, "maximum": 9}


def test_an_example_becomes_examples() -> None:
    assert schema_of({"type": "string", "example": "x"}, "3.0.3") == {"type": "string", "examples": ["x"]}


def test_what_stands_beside_a_reference_counts_in_3_1_only() -> None:
    schemas = {"A": {"$ref": "#/components/schemas/B", "description": "mine"}, "B": {"type": "string"}}
    old = load_contract(document(openapi="3.0.3", components={"schemas": schemas}))
    new = load_contract(document(openapi="3.1.0", components={"schemas": schemas}))
    assert old.schemas["A"] == {"$ref": "#/components/schemas/B"}
    assert new.schemas["A"] == {"$ref": "#/components/schemas/B", "description": "mine"}


def test_boolean_schemas() -> None:
    assert schema_of(True) == {}
    assert schema_of(False) == {"not": {}}


def test_a_property_named_like_a_keyword_is_a_property() -> None:
    names = {name: {"type": "string"} for name in ("$ref", "nullable", "example", "properties", "default")}
    assert schema_of({"type": "object", "properties": names}, "3.0.3")["properties"] == names


def test_a_reference_inside_an_example_is_data() -> None:
    made = schema_of({"type": "object", "example": {"$ref": "http://example.com/nowhere"}}, "3.0.3")
    assert made["examples"] == [{"$ref": "http://example.com/nowhere"}]


def test_schemas_that_contain_themselves_stay_references() -> None:
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/A"}}},
    }
    assert schema_of(tree) == tree


def test_a_reference_deep_into_the_document_becomes_a_shared_schema() -> None:
    schemas = {
        "A": {"properties": {"name": {"type": "string"}}},
        "B": {"properties": {"name": {"$ref": "#/components/schemas/A/properties/name"}}},
    }
    contract = load_contract(document(components={"schemas": schemas}))
    assert contract.schemas["B"]["properties"]["name"] == {"$ref": "#/components/schemas/A_properties_name"}
    assert contract.resolve(contract.schemas["B"]["properties"]["name"]) == {"type": "string"}
    assert contract.document["components"]["schemas"] == schemas


def test_choices_that_contain_themselves_inside_allof_load() -> None:
    schemas = {
        "Json": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/components/schemas/Json"}}]},
        "Setting": {"allOf": [{"$ref": "#/components/schemas/Json"}], "required": []},
    }
    assert set(load_contract(document(components={"schemas": schemas})).schemas) == {"Json", "Setting"}
