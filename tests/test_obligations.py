"""Which operations owe which rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.catalog.model import Catalog, Column, Table
from agent.contract.model import Answer, Body, Contract, Method, Operation, Parameter, SecurityScheme
from agent.obligations import is_list, owed
from agent.rulebook.loading import load_rulebook

BOOK = {"type": "object", "properties": {"title": {"type": "string"}, "tags": {"type": "array"}}}
BOOKS = {"type": "array", "items": {"$ref": "#/components/schemas/Book"}}
NUMBER = {"type": "integer"}
PAGED = {"type": "object", "properties": {"total": NUMBER, "page": NUMBER}}
SCHEMAS: dict[str, Any] = {"Book": BOOK, "Books": BOOKS, "Page": PAGED}


def operation(method: Method, path: str, answer: Any = None, **more: Any) -> Operation:
    content = {} if answer is None else {"application/json": answer}
    return Operation(
        id=f"{method}{path}",
        method=method,
        path=path,
        summary="",
        description="",
        tags=(),
        parameters=more.get("parameters", ()),
        body=more.get("body"),
        answers=(Answer("200", "", content),),
        security=more.get("security", ()),
        pointer="",
    )


def contract(*operations: Operation) -> Contract:
    return Contract("Books", "1", "3.1.0", {}, "", operations, SCHEMAS, {}, "")


def things(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/books", BOOKS),
        ("/books", {"$ref": "#/components/schemas/Books"}),
        ("/books", {"type": ["array", "null"], "items": BOOK}),
        ("/authors/{id}/books", things(data=BOOKS)),
        ("/books/", things(data=BOOKS, meta=PAGED)),
        ("/books", things(books=BOOKS, hint={"type": "string"})),
        ("/order-items", things(orderItems=BOOKS)),
        ("/books/recent", things(posts=BOOKS, total_count=NUMBER, next_offset=NUMBER)),
        ("/books", things(data=things(items=BOOKS, total=NUMBER))),
        ("/books", {"allOf": [{"$ref": "#/components/schemas/Page"}, things(items=BOOKS)]}),
    ],
)
def test_a_get_that_answers_many_is_a_list(path: str, schema: Any) -> None:
    one = operation("get", path, schema)
    assert is_list(one, contract(one))


@pytest.mark.parametrize(
    ("method", "path", "schema"),
    [
        ("get", "/books/{id}", BOOK),
        ("get", "/books/{id}", things(data=BOOKS)),
        ("get", "/me", things(name={"type": "string"}, roles={"type": "array"})),
        ("get", "/health", things(status={"type": "string"})),
        ("get", "/health", None),
        ("post", "/books", BOOKS),
    ],
)
def test_other_operations_are_no_lists(method: Method, path: str, schema: Any) -> None:
    one = operation(method, path, schema)
    assert not is_list(one, contract(one))


def test_a_schema_that_contains_itself_is_no_list() -> None:
    one = operation("get", "/trees", {"$ref": "#/components/schemas/Tree"})
    tree = {
        "allOf": [{"$ref": "#/components/schemas/Tree"}],
        "properties": {"data": {"$ref": "#/components/schemas/Tree"}},
    }
    assert not is_list(one, Contract("", "", "3.1.0", {}, "", (one,), {"Tree": tree}, {}, ""))


EMPTY = Catalog((), (), (), "", ())


def subjects(rule: str, supplied: Contract, catalog: Catalog = EMPTY) -> list[str]:
    return [one.subject for one in owed(load_rulebook(), "python-fastapi", supplied, catalog) if one.rule == rule]


def test_each_rule_is_owed_by_the_operations_that_it_is_about() -> None:
    supplied = contract(
        operation("get", "/books", BOOKS, parameters=(Parameter("page", "query", False, NUMBER),)),
        operation("post", "/books", BOOK, body=Body(True, {"application/json": BOOK}), security=(frozenset({"jwt"}),)),
        operation("get", "/health"),
    )
    assert subjects("CON-PARITY", supplied) == ["GET /books", "POST /books", "GET /health"]
    assert subjects("API-PAGE", supplied) == subjects("DBQ-N1", supplied) == ["GET /books"]
    assert subjects("API-IDEM", supplied) == ["POST /books"]
    assert subjects("VAL-EDGE", supplied) == ["GET /books", "POST /books"]
    assert subjects("MYP-STRICT", supplied) == ["files"]


def test_without_protected_operations_nothing_is_owed_about_tokens_and_passwords() -> None:
    supplied = contract(operation("get", "/health"))
    assert subjects("JWT-VERIFY", supplied) == subjects("PWD-HASH", supplied) == subjects("DBQ-TX", supplied) == []
    assert subjects("SEC-HEADERS", supplied) == ["service"]


TEXT = {"type": "string"}
BY_TOKEN, BY_COOKIE, BY_PASSWORD = frozenset({"jwt"}), frozenset({"session"}), frozenset({"basic"})
SCHEMES = {
    "jwt": SecurityScheme("jwt", "http", "bearer"),
    "session": SecurityScheme("session", "apiKey", location="cookie", parameter="sid"),
    "basic": SecurityScheme("basic", "http", "basic"),
}
LOGIN = operation(
    "post",
    "/login",
    things(data=things(accessToken=TEXT)),
    body=Body(True, {"application/json": things(password=TEXT)}),
)
REFRESH = operation(
    "post", "/refresh", things(token=TEXT), body=Body(True, {"application/json": things(refresh_token=TEXT)})
)


def secured(*operations: Operation) -> Contract:
    return replace(contract(*operations), security_schemes=SCHEMES)


def test_what_tokens_say_is_owed_by_whoever_issues_them_and_looking_at_them_by_whoever_takes_them() -> None:
    books = operation("get", "/books", BOOKS, security=(BY_TOKEN,))
    assert subjects("JWT-SHORT", secured(books)) == subjects("JWT-CLAIMS", secured(books)) == []
    assert subjects("JWT-VERIFY", secured(books)) == ["GET /books"]
    assert subjects("JWT-VERIFY", secured(LOGIN, books)) == ["GET /books"]
    assert subjects("JWT-SHORT", secured(LOGIN, books)) == ["service"]
    by_cookie = operation("get", "/books", BOOKS, security=(BY_COOKIE,))
    assert subjects("JWT-VERIFY", secured(by_cookie)) == []
    by_password = operation("get", "/books", BOOKS, security=(BY_PASSWORD,))
    assert subjects("JWT-VERIFY", secured(LOGIN, by_password)) == []


def test_optional_credentials_do_not_protect() -> None:
    supplied = secured(LOGIN, operation("get", "/books", BOOKS, security=(BY_TOKEN, frozenset())))
    assert subjects("JWT-VERIFY", supplied) == []


def test_rules_about_passwords_and_refreshing_are_owed_where_they_are_sent() -> None:
    assert subjects("PWD-HASH", secured(LOGIN)) == subjects("JWT-REFRESH", secured(REFRESH)) == ["service"]
    assert subjects("PWD-HASH", secured(REFRESH)) == subjects("JWT-REFRESH", secured(LOGIN)) == []


def test_rules_about_cookies_are_owed_whether_the_contract_mentions_one_or_not() -> None:
    reading, changing = operation("get", "/books", BOOKS), operation("delete", "/books", security=(BY_TOKEN,))
    assert subjects("SEC-COOKIES", secured(reading)) == subjects("SEC-COOKIES", secured(changing)) == ["service"]
    assert subjects("SEC-CSRF", secured(changing)) == ["service"]
    assert subjects("SEC-CSRF", secured(reading)) == []


def test_what_belongs_to_one_user_is_owed_by_the_operations_that_are_named() -> None:
    supplied = secured(LOGIN, REFRESH)
    found = owed(load_rulebook(), "python-fastapi", supplied, EMPTY, owned={"POST /refresh"})
    assert [one.subject for one in found if one.rule == "AUT-OWNER"] == ["POST /refresh"]
    assert subjects("AUT-OWNER", supplied) == []


def test_tables_owe_the_rules_about_tables() -> None:
    column = Column("id", "uuid", "uuid", False, None)
    catalog = Catalog((Table("books", (column,), ("id",)), Table("authors", (column,), ("id",))), (), (), "", ())
    assert subjects("DBS-UUID", contract(), catalog) == ["books", "authors"]
