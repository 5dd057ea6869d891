"""What is declared beside the class of the good answer."""

from __future__ import annotations

from typing import Any

import pytest

from agent.contract.loading import load_contract
from agent.stacks.python_fastapi.blueprint.responses import Responses
from agent.stacks.python_fastapi.blueprint.schemas import generate_schemas

MANY = 40


def entangled() -> dict[str, Any]:
    """Forty things that refer to ten others each: written out, they have no end worth waiting for."""
    things = {
        f"Thing{number}": {
            "type": "object",
            "properties": {
                f"to{other}": {"$ref": f"#/components/schemas/Thing{(number * 3 + other * 7 + 1) % MANY}"}
                for other in range(10)
            },
        }
        for number in range(MANY)
    }
    first, second = ({"$ref": f"#/components/schemas/Thing{number}"} for number in (0, 1))
    answers = {
        "200": {"description": "It", "content": {kind: {"schema": first} for kind in ("application/json", "text/xml")}},
        "400": {"description": "Bad", "content": {"application/problem+json": {"schema": second}}},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Entangled", "version": "1"},
        "paths": {"/thing": {"get": {"operationId": "getThing", "responses": answers}}},
        "components": {"schemas": things},
    }


@pytest.fixture
def responses() -> Responses:
    contract = load_contract(entangled())
    return Responses(contract, generate_schemas(contract))


def test_the_good_answer_in_another_media_type_refers_to_its_class(responses: Responses) -> None:
    declared = dict(responses.others(responses.contract.operation("GET /thing")))
    assert "{'$ref': '#/components/schemas/Thing0'}" in declared["200"]


def test_what_no_class_stands_for_is_written_out_as_far_as_somebody_would_read_it(responses: Responses) -> None:
    operation = responses.contract.operation("GET /thing")
    responses.others(operation)
    (problem,) = (source for source in responses.constants.values() if "problem+json" in source)
    assert "'to9'" in problem
    assert "$ref" not in problem
    assert len(problem) < 25_000
