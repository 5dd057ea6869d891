"""Rows from below the service hold what the contract lets answers show."""

from __future__ import annotations

from typing import Any

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog_from_text
from agent.catalog.rows import seed
from agent.checklist.probe.fitting import fitted
from agent.contract.loading import load_contract
from agent.contract.sample import validate
from tools.postgres.server import Database, PostgresServer

SHOPS = """
CREATE TABLE shops (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    opens text NOT NULL,
    address jsonb,
    tags jsonb NOT NULL,
    motto jsonb NOT NULL,
    stars integer NOT NULL,
    mood text NOT NULL CHECK (mood = 'glad')
);
"""
SHOP: dict[str, Any] = {
    "type": "object",
    "required": ["id", "code", "opens", "tags"],
    "properties": {
        "id": {"type": "integer"},
        "code": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"},
        "opens": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
        "address": {"type": "object", "required": ["street"], "properties": {"street": {"type": "string"}}},
        "tags": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "motto": {"type": ["string", "null"]},
        "stars": {"type": "integer", "minimum": 1, "maximum": 5},
    },
}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Shops", "version": "1"},
    "paths": {
        "/shops": {
            "get": {
                "summary": "All shops",
                "responses": {
                    "200": {
                        "description": "them",
                        "content": {"application/json": {"schema": {"type": "array", "items": SHOP}}},
                    }
                },
            }
        }
    },
}


def test_every_row_can_be_shown_by_the_contract(postgres: PostgresServer, database: Database) -> None:
    contract, catalog = load_contract(DOCUMENT), load_catalog_from_text(postgres, SHOPS, "schema.sql")
    wanted = fitted(contract, catalog, bind(contract, catalog))
    with postgres.connect_as_owner(database) as connection:
        for statement in catalog.statements:
            connection.execute(statement.sql.encode())
        rows = seed(connection, catalog, "shops", 30, fitted=wanted)
    assert len({row["code"] for row in rows}) == 30
    for row in rows:
        assert validate(contract, SHOP, {name: row[name] for name in SHOP["properties"]}) == ()


def test_what_the_database_refuses_gives_way_to_what_it_takes(postgres: PostgresServer, database: Database) -> None:
    catalog = load_catalog_from_text(postgres, SHOPS, "schema.sql")
    with postgres.connect_as_owner(database) as connection:
        for statement in catalog.statements:
            connection.execute(statement.sql.encode())
        rows = seed(connection, catalog, "shops", 2, fitted={"shops": {"mood": lambda _, __: "sad"}})
    assert [row["mood"] for row in rows] == ["glad", "glad"]
