"""What a caller comes with, by the security scheme, and by what a login gives."""

from __future__ import annotations

from typing import Any

import pytest

from agent.binding.callers import Proof
from agent.binding.proofs import proofs_of
from agent.contract.loading import load_contract


def document(scheme: dict[str, Any], *, login: bool) -> dict[str, Any]:
    token = {"type": "object", "required": ["token"], "properties": {"token": {"type": "string"}}}
    answer = (
        {"description": "In.", "content": {"application/json": {"schema": token}}} if login else {"description": "."}
    )
    return {
        "openapi": "3.0.3",
        "info": {"title": "Notes", "version": "1"},
        "paths": {"/login": {"post": {"responses": {"200": answer}}}},
        "components": {"securitySchemes": {"callers": scheme}},
    }


@pytest.mark.parametrize(
    ("scheme", "login", "proof"),
    [
        ({"type": "http", "scheme": "Bearer"}, True, Proof.TOKEN),
        ({"type": "apiKey", "in": "header", "name": "Authorization"}, True, Proof.TOKEN),
        ({"type": "apiKey", "in": "header", "name": "authorization"}, False, Proof.KEY),
        ({"type": "apiKey", "in": "header", "name": "X-Api-Key"}, True, Proof.KEY),
        ({"type": "apiKey", "in": "header", "name": "X-Session"}, True, None),
        ({"type": "apiKey", "in": "query", "name": "authorization"}, True, None),
        ({"type": "http", "scheme": "digest"}, True, None),
    ],
)
def test_what_a_caller_comes_with(scheme: dict[str, Any], login: bool, proof: Proof | None) -> None:
    assert proofs_of(load_contract(document(scheme, login=login))).get("callers") is proof
