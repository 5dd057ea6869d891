"""Tests of writes, as they are written."""

from __future__ import annotations

from typing import Any

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog_from_text
from agent.contract.loading import load_contract
from agent.stacks.registry import stack_named
from tools.postgres.server import PostgresServer

PARCELS = """
CREATE TABLE parcels (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), sender text NOT NULL, receiver text NOT NULL, town text NOT NULL,
    arrived boolean NOT NULL DEFAULT false
);
"""


def test_what_an_answer_does_not_show_is_read_from_the_table_alone(postgres: PostgresServer) -> None:
    names = ("sender", "receiver", "town")
    body = {"type": "object", "required": [*names], "properties": {name: {"type": "string"} for name in names}}
    answer: dict[str, Any] = {"type": "object", "properties": {"arrived": {"type": "boolean"}}}
    post = {
        "operationId": "sendParcel",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"201": {"description": "Sent.", "content": {"application/json": {"schema": answer}}}},
    }
    document = {"openapi": "3.1.0", "info": {"title": "Parcels", "version": "1"}, "paths": {"/parcels": {"post": post}}}
    contract, catalog = load_contract(document), load_catalog_from_text(postgres, PARCELS, "schema.sql")
    files = stack_named("python-fastapi").scaffold(contract, catalog, bind(contract, catalog), "Parcels").files
    text = str(files["tests/integration/test_parcels.py"])
    first = text.split("async def test_send_parcel(")[1].split("\nasync def ")[0]
    assert "data = " not in first
    assert '"SELECT sender, receiver, town FROM parcels WHERE true"' in first
    assert '("SELECT sender, receiver, town FROM parcels WHERE true")' not in first.replace("fetchrow(", "")


def test_a_change_in_part_sends_what_the_contract_demands(postgres: PostgresServer) -> None:
    town = {"type": ["string", "null"]}
    body = {
        "type": "object",
        "required": ["sender"],
        "properties": {"sender": {"type": "string"}, "receiver": {"type": "string"}, "town": town},
    }
    selected = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    patch = {
        "operationId": "changeParcel",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"204": {"description": "Changed."}},
    }
    head = {"openapi": "3.1.0", "info": {"title": "Parcels", "version": "1"}}
    contract = load_contract({**head, "paths": {"/parcels/{id}": {"parameters": [selected], "patch": patch}}})
    catalog = load_catalog_from_text(postgres, PARCELS.replace("town text NOT NULL", "town text"), "schema.sql")
    files = stack_named("python-fastapi").scaffold(contract, catalog, bind(contract, catalog), "Parcels").files
    text = str(files["tests/integration/test_parcels.py"])
    part, nothing = (
        text.split(f"async def test_change_parcel_{name}(")[1].split("\nasync def ")[0]
        for name in ("in_part", "to_nothing")
    )
    assert 'body = {"sender": "Sender 12", "receiver": "Receiver 12"}' in part
    assert 'json={"sender": "Sender 12", "town": None}' in nothing
