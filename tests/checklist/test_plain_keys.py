"""A key that the contract declares as a plain header is sent where it is known, and told of where it is not."""

from __future__ import annotations

import random
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from agent.binding.deriving import bind
from agent.binding.model import Action
from agent.catalog.loading import load_catalog_from_text
from agent.checklist.probe.accounts import NO_WAY, NoCredentials
from agent.checklist.probe.asking import Asker
from agent.checklist.probe.breaking import broken_requests
from agent.checklist.probe.keys import bound_beside_keys, key_of, without_known_keys
from agent.checklist.probe.requests import Request
from agent.checklist.probe.users import Users
from agent.checklist.probe.world import Need, World
from agent.checklist.running import Reply
from agent.contract.loading import load_contract
from agent.contract.model import Contract
from agent.stacks.base import ServiceCommand
from agent.stacks.python_fastapi.starting.settings import key_settings
from tools.postgres.server import PostgresServer

ITEMS = "CREATE TABLE items (id uuid PRIMARY KEY, name text NOT NULL)"
ITEM = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {"id": {"type": "string", "format": "uuid"}, "name": {"type": "string"}},
}


def contract_with(*, required: bool = True, **more: Any) -> Contract:
    """An API whose one operation takes `x-api-key`, as FastAPI says it."""
    key = {"name": "x-api-key", "in": "header", "required": required, "schema": {"type": "string"}}
    listing = {"type": "array", "items": ITEM}
    items = {
        "operationId": "items",
        "summary": "Items",
        "parameters": [key, {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 50}}],
        "responses": {"200": {"description": "i", "content": {"application/json": {"schema": listing}}}},
        **more,
    }
    paths = {"/items": {"get": items}}
    return load_contract({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths})


def command(
    settings: Mapping[str, str] = {}, environment: Mapping[str, str] = {}, told: Mapping[str, str] = {}
) -> ServiceCommand:
    """How a service is started whose settings are these."""
    return ServiceCommand(("python",), environment, key_settings=settings, credentials=told)


@pytest.mark.parametrize(
    ("header", "started", "key"),
    [
        ("x-api-key", command({"API_KEY": "shown"}), "shown"),
        ("x-api-key", command({"API_KEY": "shown"}, {"API_KEY": "set"}), "set"),
        ("X-API-Key", command({"API_KEYS": ""}, {"API_KEYS": "one, two"}), "one"),
        ("api-key", command({"SHOP_API_KEY": "s"}), "s"),
        ("x-api-key", command({"SHOP_API_KEY": "s", "MAPS_API_KEY": "m"}), ""),
        ("x-api-key", command({"SHOP_API_KEY": "s", "API_KEY": "a"}), "a"),
        ("x-api-key", command({"SECRET_KEY": "s"}), ""),
        ("x-token", command({"SHOP_TOKEN": "s"}), ""),
        ("x-token", command({"X_TOKEN": "s"}), "s"),
        ("x-token", command({"X_TOKEN": "s"}, {"KEY": "k"}, {"X-Token": "v-${KEY}"}), "v-k"),
        ("x-token", command(environment={"TOKEN": "nobody reads it"}), ""),
    ],
)
def test_a_key_is_what_was_told_or_what_the_setting_of_its_name_holds(
    header: str, started: ServiceCommand, key: str
) -> None:
    assert key_of(header, started) == key


def test_settings_that_may_hold_keys_are_named_by_code_examples_and_agent_toml() -> None:
    files = {
        "src/config.py": "class Settings(BaseSettings):\n    api_key: str = 'dev'\n    page_size: int = 5\n",
        ".env.example": "ADMIN_TOKEN=change-me\n",
        "agent.toml": "[service.settings]\nX_SECRET = 's'\n",
    }
    assert key_settings(files) == {"API_KEY": "dev", "ADMIN_TOKEN": "change-me", "X_SECRET": "s"}


class Asked(Asker):
    """Answers in place of a service that wants the key `good`."""

    sent: list[Request]
    guarded = True

    async def send(self, request: Request, notes: Any = None) -> Reply:
        """401 without the key."""
        assert notes is None
        self.sent.append(request)
        carried = {name.lower(): value for name, value in request.encoded()[0].items()}
        let_in = not self.guarded or carried.get("x-api-key") == "good"
        return Reply(200 if let_in else 401, httpx.Headers(), b"[]" if let_in else b"{}", 0.0)


def world(postgres: PostgresServer, contract: Contract, started: ServiceCommand, *, guarded: bool = True) -> World:
    catalog = load_catalog_from_text(postgres, ITEMS, "schema.sql")
    asker = Asked(contract, cast(Any, SimpleNamespace(command=started)), cast(Any, None), random.Random(1))
    asker.sent, asker.guarded = [], guarded
    binding = bound_beside_keys(contract, lambda plain: bind(plain, catalog))
    return World(asker, Users(asker, binding, catalog), binding, catalog)


@pytest.mark.parametrize("required", [True, False])
async def test_a_known_key_is_sent_as_a_credential(postgres: PostgresServer, required: bool) -> None:
    probed = world(postgres, contract_with(required=required), command({"API_KEY": "good"}))
    (bound,) = probed.binding.operations
    request = await probed.request(bound, Need(None))
    assert request.encoded()[0]["x-api-key"] == "good"
    assert request.without_credentials().encoded()[0] == {}
    assert "good" not in request.curl()
    assert {one.place for one in broken_requests(probed.asker.contract, request)} == {"query limit"}


@pytest.mark.parametrize("required", [True, False])
async def test_a_refusal_for_want_of_a_key_is_nobodys_failure_and_says_how_to_give_it(
    postgres: PostgresServer, required: bool
) -> None:
    probed = world(postgres, contract_with(required=required), command())
    with pytest.raises(NoCredentials, match=r"x-api-key.*--setting NAME=VALUE.*\[service\.credentials\]") as raised:
        await probed.request(probed.binding.operations[0], Need(None))
    assert NO_WAY in str(raised.value)


async def test_a_header_that_nobody_looks_at_hinders_nothing(postgres: PostgresServer) -> None:
    probed = world(postgres, contract_with(), command(), guarded=False)
    request = await probed.request(probed.binding.operations[0], Need(None))
    assert request.headers["x-api-key"]
    assert not request.credentials


async def test_a_refusal_of_a_good_token_stays_a_failure(postgres: PostgresServer) -> None:
    plain = contract_with()
    (operation,) = plain.operations
    protected = Request(operation, "")
    asker = cast(Asked, world(postgres, plain, command()).asker)
    object.__setattr__(operation, "security", (frozenset({"bearer"}),))
    asker.demand_let_in(protected, Reply(401, httpx.Headers(), b"", 0.0))


def test_a_key_does_not_keep_an_operation_from_being_understood(postgres: PostgresServer) -> None:
    catalog, contract = load_catalog_from_text(postgres, ITEMS, "schema.sql"), contract_with()
    assert bind(contract, catalog).operations[0].hole
    (bound,) = bound_beside_keys(contract, lambda plain: bind(plain, catalog)).operations
    assert bound.action is Action.LIST
    assert bound.operation is contract.operation("GET /items")


def test_a_known_key_is_not_fuzzed_and_an_unknown_one_is() -> None:
    contract = contract_with()
    for started, fuzzed in ((command({"API_KEY": "good"}), ["limit"]), (command(), ["x-api-key", "limit"])):
        document = without_known_keys(contract, started).document
        assert [one["name"] for one in document["paths"]["/items"]["get"]["parameters"]] == fuzzed
