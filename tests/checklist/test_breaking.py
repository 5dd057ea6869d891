"""Requests that break the contract at one place, and what a refusal has to say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.checklist.probe.breaking import Broken, broken_requests
from agent.checklist.probe.corners import corners
from agent.checklist.probe.refusing import silence
from agent.checklist.probe.requests import ABSENT, Request
from agent.checklist.running import Reply
from agent.contract.loading import load_contract
from agent.contract.model import Contract
from agent.contract.sample import sample, validate

LINE = {
    "type": "object",
    "required": ["book", "copies"],
    "properties": {"book": {"type": "string", "format": "uuid"}, "copies": {"type": "integer", "minimum": 1}},
}
ORDER = {"type": "object", "required": ["lines"], "properties": {"lines": {"type": "array", "items": LINE}}}


@pytest.fixture
def orders(tmp_path: Path) -> Contract:
    """A contract with one nested body, and parameters of several kinds."""
    parameters = [
        {"name": "urgent", "in": "query", "schema": {"type": "boolean"}},
        {"name": "note", "in": "query", "schema": {"type": "string"}},
        {"name": "size", "in": "query", "required": True, "schema": {"type": "integer", "maximum": 9}},
    ]
    operation = {
        "operationId": "order",
        "parameters": parameters,
        "requestBody": {"required": True, "content": {"application/json": {"schema": ORDER}}},
        "responses": {"201": {"description": "Done"}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Orders", "version": "1"},
        "paths": {"/orders": {"post": operation}},
    }
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    return load_contract(tmp_path / "openapi.json")


def good(contract: Contract) -> Request:
    body = sample(contract, ORDER)
    return Request(contract.operations[0], "", query={"size": 3}, body=body, media_type="application/json")


def test_every_nested_constraint_is_broken_alone(orders: Contract) -> None:
    told = {str(one) for one in broken_requests(orders, good(orders))}
    assert {
        "body missing required",
        "body #/lines missing required",
        "body #/lines/0/copies out of range",
        "body #/lines/0/copies wrong type",
        "body #/lines/0/book bad format",
        "body #/lines/0/book missing required",
    } <= told


def test_a_parameter_is_broken_only_by_what_no_reading_allows(orders: Contract) -> None:
    told = {str(one) for one in broken_requests(orders, good(orders))}
    assert {"query size missing required", "query size out of range", "query urgent wrong type"} <= told
    assert not [one for one in told if one.startswith("query note")]


def test_each_broken_body_is_invalid_and_each_corner_valid(orders: Contract) -> None:
    for one in broken_requests(orders, good(orders)):
        if one.place.startswith("body #"):
            assert validate(orders, ORDER, one.request.body)
    seen = list(corners(orders, good(orders)))
    assert any(one.query.get("note") == "\0" for one in seen)
    for request in seen:
        assert request.body is ABSENT or not validate(orders, ORDER, request.body)


def refusal(body: Any) -> Reply:
    return Reply(422, httpx.Headers({"content-type": "application/json"}), json.dumps(body).encode(), 0.0)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "dueOn: must be a date", "code": "invalid"}},
        {"detail": [{"loc": ["body", "due_on"], "msg": "Field required"}]},
        {"errors": {"due-on": ["is too short"]}},
    ],
)
def test_field_and_reason_may_stand_anywhere(orders: Contract, body: Any) -> None:
    assert not silence(Broken(good(orders), "body #/dueOn", "dueOn", "bad format"), refusal(body))


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({"error": {"message": "must be a date", "code": "invalid"}}, "does not name dueOn"),
        ({"error": {"message": "dueOn is invalid", "code": "validation_error"}}, "what is wrong"),
        ({"error": "bad request"}, "does not name dueOn"),
    ],
)
def test_a_refusal_without_field_or_reason_is_silent(orders: Contract, body: Any, missing: str) -> None:
    assert missing in silence(Broken(good(orders), "body #/dueOn", "dueOn", "bad format"), refusal(body))
