"""Parity: what FastAPI derives from code against its contract; every change of either is told with its place."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.contract.compare import Difference, parity, same_document
from agent.contract.loading import load_contract
from agent.contract.model import Contract
from agent.errors import ContractError
from tests.contract.posting import posting

DOCUMENTS = Path(__file__).parent / "documents"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def library() -> Contract:
    return load_contract(DOCUMENTS / "library.yaml")


@pytest.fixture
def derived() -> dict[str, Any]:
    made: dict[str, Any] = json.loads((DOCUMENTS / "library_derived.json").read_text())
    return made


def test_an_application_that_keeps_its_contract_has_no_difference(library: Contract, derived: dict[str, Any]) -> None:
    assert parity(library, derived) == ()


def test_the_base_path_may_be_absent_from_the_code(library: Contract, derived: dict[str, Any]) -> None:
    derived["paths"] = {path.removeprefix("/api/v1"): item for path, item in derived["paths"].items()}
    assert parity(library, derived) == ()


BOOKS, BOOK = "/api/v1/books", "/api/v1/books/{book_id}"


def _operation(path: str, method: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: document["paths"][path][method]


def _schema(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: document["components"]["schemas"][name]


def _properties(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: document["components"]["schemas"][name]["properties"]


def _schemas_of(document: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = document["components"]["schemas"]
    return made


list_books, create_book, delete_book = _operation(BOOKS, "get"), _operation(BOOKS, "post"), _operation(BOOK, "delete")
NEW, PAGE = "body/application/json", "answers/200/application/json"

CHANGES: dict[str, tuple[Change, list[tuple[str, str, str, str]]]] = {
    "operation missing": (
        lambda d: d["paths"][BOOK].pop("delete"),
        [("DELETE /books/{bookId}", "", "declared", "missing")],
    ),
    "operation more": (
        lambda d: d["paths"].update({"/api/v1/extra": {"get": {"responses": {"200": {"description": "ok"}}}}}),
        [("GET /api/v1/extra", "", "missing", "declared")],
    ),
    "parameter missing": (
        lambda d: list_books(d)["parameters"].pop(0),
        [("GET /books", "parameters/query/limit", "declared", "missing")],
    ),
    "parameter more": (
        lambda d: list_books(d)["parameters"].append({"name": "X-A", "in": "header", "schema": {"type": "string"}}),
        [("GET /books", "parameters/header/X-A", "missing", "declared")],
    ),
    "parameter required": (
        lambda d: list_books(d)["parameters"][0].update(required=True),
        [("GET /books", "parameters/query/limit", "optional", "required")],
    ),
    "parameter bound": (
        lambda d: list_books(d)["parameters"][0]["schema"].update(maximum=1000),
        [("GET /books", "parameters/query/limit/maximum", "100", "1000")],
    ),
    "parameter default": (
        lambda d: list_books(d)["parameters"][0]["schema"].update(default=50),
        [("GET /books", "parameters/query/limit/default", "20", "50")],
    ),
    "parameter enumeration": (
        lambda d: list_books(d)["parameters"][1]["schema"]["anyOf"][0].update(enum=["novel"]),
        [("GET /books", "parameters/query/kind/enum", '"novel", "poetry"', '"novel"')],
    ),
    "path parameter of another type": (
        lambda d: delete_book(d)["parameters"][0]["schema"].pop("format"),
        [("DELETE /books/{bookId}", "parameters/path/bookId/format", '"uuid"', "none")],
    ),
    "body missing": (
        lambda d: create_book(d).pop("requestBody"),
        [("POST /books", "body", "declared", "missing")],
    ),
    "body optional": (
        lambda d: create_book(d)["requestBody"].update(required=False),
        [("POST /books", "body", "required", "optional")],
    ),
    "body of another media type": (
        lambda d: create_book(d)["requestBody"].update(content={"text/plain": {"schema": {"type": "string"}}}),
        [("POST /books", NEW, "declared", "missing"), ("POST /books", "body/text/plain", "missing", "declared")],
    ),
    "property missing": (
        lambda d: _properties("NewBook")(d).pop("pages"),
        [("POST /books", f"{NEW}/pages", "declared", "missing")],
    ),
    "property more": (
        lambda d: _properties("NewBook")(d).update(isbn={"type": "string"}),
        [("POST /books", f"{NEW}/isbn", "missing", "declared")],
    ),
    "property of another type": (
        lambda d: _properties("NewBook")(d).update(title={"type": "integer"}),
        [("POST /books", f"{NEW}/title", "string", "integer")],
    ),
    "property optional": (
        lambda d: _schema("NewBook")(d).pop("required"),
        [("POST /books", f"{NEW}/title", "required", "optional")],
    ),
    "property that may be null": (
        lambda d: _properties("NewBook")(d).update(
            title={"anyOf": [{"type": "string", "minLength": 1, "maxLength": 200}, {"type": "null"}]}
        ),
        [("POST /books", f"{NEW}/title", "not null", "may be null")],
    ),
    "property that may not be null": (
        lambda d: _properties("NewBook")(d).update(published={"type": "string", "format": "date"}),
        [("POST /books", f"{NEW}/published", "may be null", "not null")],
    ),
    "length": (
        lambda d: _properties("NewBook")(d)["title"].update(maxLength=100),
        [("POST /books", f"{NEW}/title/maxLength", "200", "100")],
    ),
    "whole bound": (
        lambda d: _properties("NewBook")(d)["pages"]["anyOf"][0].update(exclusiveMinimum=5),
        [("POST /books", f"{NEW}/pages/minimum", "1", "6")],
    ),
    "unknown properties allowed": (
        lambda d: _schema("NewBook")(d).pop("additionalProperties"),
        [("POST /books", f"{NEW}/*", "no other properties", "any other properties")],
    ),
    "values of a map": (
        lambda d: _properties("NewBook")(d)["labels"].update(additionalProperties={"type": "integer"}),
        [("POST /books", f"{NEW}/labels/*", "string", "integer")],
    ),
    "items of an array": (
        lambda d: _properties("Author")(d)["name"].update(maxLength=10),
        [("POST /books", f"{NEW}/authors/items/name/maxLength", "80", "10")],
    ),
    "answer missing": (
        lambda d: create_book(d)["responses"].pop("201"),
        [("POST /books", "answers/201", "declared", "missing")],
    ),
    "answer more, in a declared range": (lambda d: create_book(d)["responses"].update({"404": d_problem(d)}), []),
    "answer more, in no declared range": (
        lambda d: create_book(d)["responses"].update({"200": {"description": "ok"}}),
        [("POST /books", "answers/200", "missing", "declared")],
    ),
    "range missing": (
        lambda d: create_book(d)["responses"].pop("4XX"),
        [("POST /books", "answers/4XX", "declared", "missing")],
    ),
    "answer of another schema in a declared range": (
        lambda d: create_book(d)["responses"].update({"404": _answer({"type": "string"})}),
        [("POST /books", "answers/404/application/json", "object", "string")],
    ),
    "the framework's 422 in a declared range": (
        lambda d: (
            _schemas_of(d).update(HTTPValidationError={"type": "object"}),
            create_book(d)["responses"].update({"422": _answer({"$ref": "#/components/schemas/HTTPValidationError"})}),
        ),
        [],
    ),
    "answer's property": (
        lambda d: _properties("Page")(d)["total"].update(type="string"),
        [("GET /books", f"{PAGE}/total", "integer", "string")],
    ),
    "property of a schema that contains itself": (
        lambda d: _properties("Book")(d).pop("kind"),
        [
            (operation, f"{place}{inside}/kind", "declared", "missing")
            for operation, place in (
                ("GET /books", f"{PAGE}/data/items"),
                ("GET /books/{bookId}", PAGE),
                ("POST /books", "answers/201/application/json"),
            )
            for inside in ("", "/sequel")
        ],
    ),
    "open where credentials are asked for": (
        lambda d: create_book(d).pop("security"),
        [("POST /books", "security", "bearer token", "open to all")],
    ),
    "credentials where it is open": (
        lambda d: list_books(d).update(security=[{"HTTPBearer": []}]),
        [("GET /books", "security", "open to all", "bearer token")],
    ),
    "credentials of another kind": (
        lambda d: d["components"]["securitySchemes"]["HTTPBearer"].update(scheme="basic"),
        [
            ("DELETE /books/{bookId}", "security", "bearer token", "basic"),
            ("POST /books", "security", "bearer token", "basic"),
            ("PUT /books/{bookId}/cover", "security", "bearer token", "basic"),
        ],
    ),
    "bearer by another name": (
        lambda d: d["components"]["securitySchemes"].update(HTTPBearer={"type": "oauth2", "flows": {}}),
        [],
    ),
}


def d_problem(document: dict[str, Any]) -> Any:
    return create_book(document)["responses"]["4XX"]


def _answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "answer", "content": {"application/json": {"schema": schema}}}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_the_code_is_told_with_its_place(name: str, library: Contract, derived: dict[str, Any]) -> None:
    change, expected = CHANGES[name]
    change(derived)
    assert sorted(parity(library, derived)) == sorted(Difference(*one) for one in expected)


ERROR: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "a", "version": "b"},
    "components": {"schemas": {"HTTPValidationError": {"type": "object"}}},
}


def _getting(*answers: str, schema: Any = None) -> dict[str, Any]:
    answer = _answer(schema) if schema else {"description": "answer"}
    return {**ERROR, "paths": {"/a": {"get": {"responses": dict.fromkeys(answers, answer)}}}}


def test_the_frameworks_own_422_is_passed_over_where_the_contract_declares_none() -> None:
    derived = _getting("200", "400")
    derived["paths"]["/a"]["get"]["responses"]["422"] = _answer({"$ref": "#/components/schemas/HTTPValidationError"})
    assert parity(load_contract(_getting("200", "400")), derived) == ()


def test_a_422_of_the_code_itself_is_a_difference_where_the_contract_declares_none() -> None:
    found = parity(load_contract(_getting("200")), _getting("200", "422"))
    assert found == (Difference("GET /a", "answers/422", "missing", "declared"),)


def test_the_frameworks_422_is_compared_where_the_contract_declares_one() -> None:
    contract = load_contract(_getting("422", schema={"type": "string"}))
    derived = _getting("422", schema={"$ref": "#/components/schemas/HTTPValidationError"})
    assert parity(contract, derived) == (Difference("GET /a", "answers/422/application/json", "string", "object"),)


@pytest.mark.parametrize(
    "derived",
    [
        {"swagger": "2.0"},
        {"openapi": "3.1.0", "paths": {"/a": {"get": 1}}},
        {"openapi": "3.1.0", "paths": {"/a": {"$ref": "#/nowhere"}}},
        {"openapi": "3.1.0", "components": {"schemas": {"A": {"type": "int"}}}},
    ],
)
def test_a_derived_document_that_is_none_is_refused(library: Contract, derived: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        parity(library, derived)


def test_code_without_operations_lacks_every_one(library: Contract) -> None:
    found = parity(library, {"openapi": "3.1.0"})
    assert [one.operation for one in found] == [one.key for one in library.operations]


def test_derived_documents_may_use_an_operation_id_twice(library: Contract, derived: dict[str, Any]) -> None:
    for item in derived["paths"].values():
        for method in item:
            item[method]["operationId"] = "handler"
    assert parity(library, derived) == ()


def test_choices_without_number_end() -> None:
    names = [f"C{number}" for number in range(8)]
    every = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    schemas: dict[str, Any] = {
        name: {"anyOf": [*every, {"type": "object", "required": [name], "properties": {name: {"anyOf": every}}}]}
        for name in names
    }
    contract = load_contract(posting({"anyOf": every}, schemas))
    changed = copy.deepcopy(schemas)
    changed["C0"]["anyOf"][-1]["required"] = ["other"]
    assert parity(contract, contract.document) == ()
    assert parity(contract, posting({"anyOf": every}, changed)) != ()


def test_a_difference_reads_as_a_sentence(library: Contract, derived: dict[str, Any]) -> None:
    list_books(derived)["parameters"][0]["schema"]["maximum"] = 7
    [found] = parity(library, derived)
    assert str(found) == "GET /books parameters/query/limit/maximum: supplied 100, served 7"


def test_documents_are_the_same_whatever_the_order_of_keys(derived: dict[str, Any]) -> None:
    turned = json.loads(json.dumps(derived, sort_keys=True))
    turned["paths"] = dict(reversed(turned["paths"].items()))
    assert same_document(derived, turned) == ()


def test_documents_that_differ_are_told_by_operation_and_pointer(derived: dict[str, Any]) -> None:
    served = copy.deepcopy(derived)
    served["info"]["title"] = "Other"
    served["paths"][BOOKS]["get"]["parameters"][0]["required"] = 0
    served["paths"][BOOKS]["get"]["parameters"].pop()
    del served["paths"][BOOK]
    assert [str(one) for one in same_document(derived, served)] == [
        "#/info/title: supplied 'Library', served 'Other'",
        "GET /api/v1/books #/paths/~1api~1v1~1books/get/parameters: supplied 3 items, served 2 items",
        "GET /api/v1/books #/paths/~1api~1v1~1books/get/parameters/0/required: supplied False, served 0",
        "#/paths/~1api~1v1~1books~1{book_id}: supplied present, served missing",
    ]
