"""The rows that tests make."""

from __future__ import annotations

from typing import Any

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog_from_text
from agent.contract.loading import load_contract
from agent.stacks.registry import stack_named
from tools.postgres.server import PostgresServer

PEOPLE = """
CREATE TABLE members (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, handle text UNIQUE, places jsonb);
"""
PLACE = {"type": "object", "required": ["town"], "properties": {"town": {"type": "string"}}}
MEMBER = {
    "type": "object",
    "properties": {"handle": {"type": "string"}, "places": {"type": "array", "items": PLACE}},
}


def test_a_row_that_a_path_selects_by_a_column_which_may_be_null_has_a_value_there(postgres: PostgresServer) -> None:
    handle = {"name": "handle", "in": "path", "required": True, "schema": {"type": "string"}}
    ok: dict[str, Any] = {"description": "it", "content": {"application/json": {"schema": MEMBER}}}
    gone = {"204": {"description": "gone"}, "404": {"description": "none"}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Members", "version": "1"},
        "paths": {
            "/members/{handle}": {
                "parameters": [handle],
                "get": {"responses": {"200": ok, "404": {"description": "none"}}},
                "delete": {"responses": gone},
            }
        },
    }
    contract, catalog = load_contract(document), load_catalog_from_text(postgres, PEOPLE, "schema.sql")
    files = stack_named("python-fastapi").scaffold(contract, catalog, bind(contract, catalog), "Members").files
    tests = str(files["tests/integration/test_members.py"])
    assert 'member = await make_member(database, handle="Handle 1")' in tests
    assert '[{"town": "Town 1"}]' in tests
