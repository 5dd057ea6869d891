"""A contract without a schema gets one that its operations can be bound to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pglast
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from agent.binding.deriving import bind
from agent.binding.model import Action
from agent.catalog.loading import load_catalog_from_text
from agent.catalog.model import Catalog
from agent.contract.loading import load_contract
from agent.contract.model import Contract
from agent.errors import CatalogError, InputError
from agent.proposal.writing import proposed_schema
from tools.postgres.server import PostgresServer

EXAMPLES = Path(__file__).parents[2] / "examples"
BEARER = {"bearer": {"type": "http", "scheme": "bearer"}}
TEXT = {"type": "string"}
IDENTITY = {"type": "integer"}


def operation(answer: Any = None, body: Any = None, **more: Any) -> dict[str, Any]:
    """An operation with a JSON answer and a JSON body."""
    content = {"content": {"application/json": {"schema": answer}}} if answer else {}
    made: dict[str, Any] = {"responses": {"200": {"description": "Done.", **content}}, **more}
    if body:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return made


def thing(*required: str, **properties: Any) -> dict[str, Any]:
    """An object schema."""
    return {"type": "object", "required": list(required), "properties": properties}


def listing(item: Any) -> dict[str, Any]:
    """A list schema."""
    return {"type": "array", "items": item}


def selected(name: str, schema: Any = IDENTITY) -> dict[str, Any]:
    """A path parameter, as operations declare it."""
    return {"name": name, "in": "path", "required": True, "schema": schema}


def document(paths: dict[str, Any], schemes: dict[str, Any] | None = None) -> Contract:
    """The contract of these paths."""
    components = {"securitySchemes": schemes} if schemes else {}
    head = {"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}}
    return load_contract({**head, "paths": paths, "components": components})


def proposed(postgres: PostgresServer, contract: Contract) -> Catalog:
    """The catalog of the schema that is proposed."""
    return load_catalog_from_text(postgres, proposed_schema(contract), "schema.sql")


SHELF = thing("id", "label", id=IDENTITY, label=TEXT)
SHELVES = {
    "/shelves": {
        "get": operation(listing(SHELF)),
        "post": operation(SHELF, thing("label", label=TEXT)),
    },
    "/shelves/{shelfId}": {"get": operation(SHELF, parameters=[selected("shelfId")])},
}


def test_callers_who_send_their_password_have_a_table(postgres: PostgresServer) -> None:
    notes = operation(listing(thing("id", "text", id=IDENTITY, text=TEXT)), security=[{"basic": []}])
    contract = document({"/notes": {"get": notes}}, {"basic": {"type": "http", "scheme": "basic"}})

    accounts = bind(contract, proposed(postgres, contract)).accounts

    assert accounts is not None
    assert (accounts.table, accounts.login_column, accounts.password_column) == ("users", "email", "password_hash")


def test_a_collection_becomes_a_table_that_all_its_operations_are_bound_to(postgres: PostgresServer) -> None:
    contract = document(SHELVES)
    catalog = proposed(postgres, contract)
    (shelves,) = catalog.tables
    assert [(column.name, column.type, column.nullable) for column in shelves.columns] == [
        ("id", "bigint", False),
        ("label", "text", False),
        ("created_at", "timestamp with time zone", False),
        ("updated_at", "timestamp with time zone", False),
    ]
    assert [one.action for one in bind(contract, catalog).operations] == [Action.LIST, Action.CREATE, Action.RETRIEVE]


def test_what_stands_below_another_in_a_path_refers_to_it_and_is_indexed(postgres: PostgresServer) -> None:
    box = thing("id", "size", id={**TEXT, "format": "uuid"}, size=IDENTITY)
    below = {
        "get": operation(listing(box), parameters=[selected("shelfId")]),
        "post": operation(box, thing("size", size=IDENTITY), parameters=[selected("shelfId")]),
    }
    boxes = proposed(postgres, document({**SHELVES, "/shelves/{shelfId}/boxes": below})).table("boxes")
    assert boxes is not None
    (key,) = boxes.foreign_keys
    assert (key.columns, key.table, key.on_delete) == (("shelf_id",), "shelves", "cascade")
    assert ("shelf_id",) in [index.columns for index in boxes.indexes]


def test_those_who_log_in_get_a_table_with_a_password_hash(postgres: PostgresServer) -> None:
    login = operation(thing("access_token", access_token=TEXT), thing("email", "password", email=TEXT, password=TEXT))
    own = operation(listing(SHELF), security=[{"bearer": []}], summary="My own shelves")
    contract = document({"/login": {"post": login}, "/shelves": {"get": own}}, BEARER)
    catalog = proposed(postgres, contract)
    users, shelves = catalog.table("users"), catalog.table("shelves")
    assert users is not None
    assert shelves is not None
    assert users.column("password_hash")
    assert [one.columns for one in users.uniques] == [("email",)]
    assert [key.table for key in shelves.foreign_keys] == ["users"]
    assert not bind(contract, catalog).holes


def test_listed_values_become_a_check_and_what_was_assumed_is_told(postgres: PostgresServer) -> None:
    state = {**TEXT, "enum": ["it's new", "sold"]}
    item = thing("id", "name", "state", id=IDENTITY, name=TEXT, state=state)
    paths = {"/goods": {"get": operation(listing(item)), "post": operation(item, thing("name", name=TEXT))}}
    text = proposed_schema(document(paths))
    assert "state text NOT NULL DEFAULT 'it''s new' CHECK (state IN ('it''s new', 'sold'))" in text
    assert "-- assumed: the first of its values" in text
    proposed(postgres, document(paths))


def test_what_is_always_answered_and_need_not_be_sent_begins_with_something(postgres: PostgresServer) -> None:
    said = {
        "text": TEXT,
        "words": listing(TEXT),
        "parts": listing(thing(name=TEXT)),
        "views": {"type": "integer", "minimum": 1},
        "open": {"type": "boolean"},
    }
    item = thing("id", "name", *said, id=IDENTITY, name=TEXT, **said)
    paths = {"/goods": {"get": operation(listing(item)), "post": operation(item, thing("name", name=TEXT, **said))}}
    contract = document(paths)
    catalog = proposed(postgres, contract)
    goods = catalog.table("goods")
    assert goods is not None
    assert {one.name: (one.nullable, one.default) for one in goods.columns if one.name in said} == {
        "text": (False, "''::text"),
        "words": (False, "'{}'::text[]"),
        "parts": (False, "'[]'::jsonb"),
        "views": (False, "1"),
        "open": (False, "false"),
    }
    assert not bind(contract, catalog).holes


@pytest.mark.parametrize("name", ["code", "shelfCount"])
def test_what_only_the_service_can_know_begins_with_nothing(postgres: PostgresServer, name: str) -> None:
    """A code that is never sent, a number of rows that nobody counts."""
    item = thing("id", "name", name, id=IDENTITY, name=TEXT, **{name: TEXT if name == "code" else IDENTITY})
    goods = {"get": operation(listing(item)), "post": operation(item, thing("name", name=TEXT))}
    contract = document({"/goods": goods, "/shelves": {"get": operation(listing(SHELF))}})
    holes = bind(contract, proposed(postgres, contract)).holes
    assert [one.operation.path for one in holes] == ["/goods", "/goods"]


def test_alternatives_of_a_body_that_answers_cannot_show_are_not_stored(postgres: PostgresServer) -> None:
    """A service that stored `"true"` could not answer it as the boolean that is promised."""
    either = {"oneOf": [{"type": "boolean"}, {**TEXT, "enum": ["true", "false"]}]}
    item = thing("id", id=IDENTITY, public={"type": "boolean"})
    paths = {"/goods": {"get": operation(listing(item)), "post": operation(item, thing("public", public=either))}}
    contract = document(paths)
    get, post = bind(contract, proposed(postgres, contract)).operations
    assert not get.hole
    assert post.reason == "`public` has several alternatives, column `public` is boolean"


def test_a_token_that_is_answered_beside_those_who_log_in_is_not_kept(postgres: PostgresServer) -> None:
    user = thing("email", "token", email=TEXT, token=TEXT)
    sent = thing("user", user=thing("email", "password", email=TEXT, password=TEXT))
    paths = {
        "/users": {"post": operation(thing("user", user=user), sent)},
        "/users/login": {"post": operation(thing("user", user=user), sent)},
        "/users/{id}": {"get": operation(user, parameters=[selected("id")], security=[{"bearer": []}])},
    }
    table = proposed(postgres, document(paths, BEARER)).table("users")
    assert table is not None
    assert {one.name for one in table.columns} & {"email", "token"} == {"email"}


@pytest.mark.parametrize("path", ["/user", "/users/me"])
def test_what_callers_may_change_of_themselves_begins_with_something(path: str, postgres: PostgresServer) -> None:
    user = thing("email", "bio", email=TEXT, bio=TEXT)
    paths = {
        "/users": {"post": operation(user, thing("email", "password", email=TEXT, password=TEXT))},
        "/users/{id}": {"get": operation(user, parameters=[selected("id")])},
        path: {"put": operation(user, thing(bio=TEXT), security=[{"bearer": []}])},
    }
    table = proposed(postgres, document(paths, BEARER)).table("users")
    assert table is not None
    bio = table.column("bio")
    assert bio is not None
    assert (bio.nullable, bio.default) == (False, "''::text")


def test_bodies_within_a_property_are_read_as_those_without(postgres: PostgresServer) -> None:
    book = thing("id", "title", id=IDENTITY, title=TEXT, pages=IDENTITY)
    fields = thing("title", title=TEXT, pages=IDENTITY)

    def paths(within: bool) -> dict[str, Any]:
        sent, said = (thing("book", book=one) if within else one for one in (fields, book))
        return {
            "/books": {"get": operation(listing(book)), "post": operation(said, sent)},
            "/books/{id}": {"put": operation(said, sent, parameters=[selected("id")])},
        }

    bare, wrapped = (document(paths(within)) for within in (False, True))
    assert proposed_schema(wrapped) == proposed_schema(bare)
    assert not bind(wrapped, proposed(postgres, wrapped)).holes


def test_what_is_added_to_and_never_listed_is_kept(postgres: PostgresServer) -> None:
    post = operation(body=thing("email", email=TEXT))
    post["responses"] = {"201": {"description": "Added."}}
    contract = document({"/subscriptions": {"post": post}})
    assert [one.action for one in bind(contract, proposed(postgres, contract)).operations] == [Action.CREATE]


def test_tables_that_refer_to_each_other_can_be_made(postgres: PostgresServer) -> None:
    head = thing("id", "team_id", id=IDENTITY, team_id=IDENTITY)
    team = thing("id", "head_id", id=IDENTITY, head_id=IDENTITY)
    paths = {"/heads": {"get": operation(listing(head))}, "/teams": {"get": operation(listing(team))}}
    catalog = proposed(postgres, document(paths))
    assert [[key.table for key in table.foreign_keys] for table in catalog.tables] == [["teams"], ["heads"]]


def test_a_contract_that_keeps_nothing_is_refused_with_the_way_out() -> None:
    ping = document({"/ping": {"post": operation(thing(pong=TEXT))}})
    with pytest.raises(CatalogError, match="none can be proposed: no path of the contract names a collection"):
        proposed_schema(ping)


@pytest.mark.parametrize("example", ["bookshop", "helpdesk"])
def test_examples_without_their_schema_still_derive(example: str, postgres: PostgresServer) -> None:
    contract = load_contract(EXAMPLES / example / "openapi.yaml")
    assert proposed_schema(contract) == proposed_schema(contract)
    binding = bind(contract, proposed(postgres, contract))
    assert len(binding.holes) < len(binding.operations) / 2


names = some.text(alphabet=some.characters(codec="utf-8", exclude_characters="\0{}/"), min_size=1, max_size=80)
kinds = some.sampled_from(["string", "integer", "number", "boolean", "array", "object"])
formats = some.sampled_from(["uuid", "date", "date-time", "int32", "double", "odd"])
schemas = some.fixed_dictionaries(
    {"type": kinds},
    optional={"format": formats, "maxLength": some.integers(0, 20_000), "default": some.none() | names},
) | some.fixed_dictionaries({"enum": some.lists(names | some.integers() | some.none(), min_size=1, max_size=3)})


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(names, some.dictionaries(names, schemas, max_size=6), some.lists(names, max_size=3))
def test_whatever_a_contract_calls_things_its_proposal_is_sql(
    name: str, properties: dict[str, Any], required: list[str]
) -> None:
    item = {"type": "object", "properties": properties, "required": sorted(set(required))}
    paths = {f"/{name}": {"get": operation(listing(item)), "post": operation(item, item)}}
    head: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": name, "version": "1"}, "paths": paths}
    try:
        text = proposed_schema(load_contract(head))
    except InputError:
        return
    assert pglast.parse_sql(text)
