"""Who logs in where a scope can be asked for asks for all of the contract's, and for none where that is refused."""

from __future__ import annotations

import json
import random
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs

import httpx
import pytest

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog_from_text
from agent.checklist.probe.asking import Asker
from agent.checklist.probe.users import Users
from agent.checklist.running import Reply
from agent.contract.loading import load_contract
from tools.postgres.server import PostgresServer

USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL)"
TEXT = {"type": "string"}
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["username", "password"],
    "properties": {"username": TEXT, "password": TEXT},
}
TOKEN = {"type": "object", "required": ["access_token"], "properties": {"access_token": TEXT}}


def document(form: dict[str, Any]) -> dict[str, Any]:
    login = {
        "operationId": "login",
        "summary": "Log in",
        "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": form}}},
        "responses": {"200": {"description": "t", "content": {"application/json": {"schema": TOKEN}}}},
    }
    me = {
        "operationId": "me",
        "summary": "Me",
        "security": [{"oauth": ["me", "items"]}],
        "responses": {"200": {"description": "m"}},
    }
    flow = {"tokenUrl": "/login", "scopes": {"me": "Me.", "items": "Items."}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/login": {"post": login}, "/me": {"get": me}},
        "components": {"securitySchemes": {"oauth": {"type": "oauth2", "flows": {"password": flow}}}},
    }


class Asked(Asker):
    """Answers a login in place of a service, and remembers which scopes it asked for."""

    scopes: list[str]
    refuses: bool

    async def send(self, request: Any, notes: Any = None) -> Reply:
        """A token, unless scopes are refused."""
        assert notes is None
        sent = parse_qs(request.encoded()[1].decode())
        self.scopes.append(sent.get("scope", [""])[0])
        refused = self.refuses and bool(self.scopes[-1])
        body = {} if refused else {"access_token": "t"}
        headers = httpx.Headers({"content-type": "application/json"})
        return Reply(400 if refused else 200, headers, json.dumps(body).encode(), 0.0)


@pytest.mark.parametrize(
    ("form", "refuses", "scopes"),
    [
        ({**FORM, "properties": {**FORM["properties"], "scope": TEXT}}, False, ["items me"]),
        ({**FORM, "properties": {**FORM["properties"], "scope": TEXT}}, True, ["items me", ""]),
        (FORM, False, [""]),
    ],
)
async def test_a_login_is_asked_for_scopes(
    postgres: PostgresServer, form: dict[str, Any], refuses: bool, scopes: list[str]
) -> None:
    contract, catalog = load_contract(document(form)), load_catalog_from_text(postgres, USERS, "schema.sql")
    row = SimpleNamespace(values={"id": 1, "email": "a@example.com"})
    store = SimpleNamespace(seed=lambda *_: row)
    asker = Asked(contract, cast(Any, None), cast(Any, store), random.Random(1))
    asker.scopes, asker.refuses = [], refuses
    binding = bind(contract, catalog)
    caller = await Users(asker, binding, catalog).caller()
    assert caller is not None
    assert caller.token == "t"
    assert asker.scopes == scopes
    assert binding.demanded == ("items", "me")
