"""Models of what a contract's schemas allow."""

from __future__ import annotations

from typing import Any

import pytest

from agent.contract.loading import load_contract
from agent.stacks.python_fastapi.blueprint.rephrasing import bounded
from agent.stacks.python_fastapi.blueprint.schemas import generate_schemas


@pytest.mark.parametrize(
    ("schema", "bounds"),
    [
        ({"type": "integer", "format": "int32"}, (-(2**31), 2**31 - 1)),
        ({"type": ["integer", "null"], "format": "int64"}, (-(2**63), 2**63 - 1)),
        ({"type": "integer", "format": "int64", "minimum": 1}, (1, 2**63 - 1)),
        ({"type": "integer", "format": "int32", "exclusiveMaximum": 9}, (-(2**31), None)),
        ({"type": "integer"}, (None, None)),
        ({"type": "string", "format": "int32"}, (None, None)),
        ({"type": "integer", "format": "int32", "enum": [1, 2]}, (None, None)),
    ],
)
def test_the_format_of_an_integer_bounds_it(schema: dict[str, Any], bounds: tuple[int | None, int | None]) -> None:
    made = bounded(schema)
    assert (made.get("minimum"), made.get("maximum")) == bounds


def test_models_hold_integers_within_their_format_and_bounded_maps_are_type_statements() -> None:
    number = {"type": "integer", "format": "int32"}
    rates = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}}
    schema = {"type": "object", "required": ["number"], "properties": {"number": number, "rates": rates}}
    content = {"application/json": {"schema": schema}}
    text = generate_schemas(
        load_contract(
            {
                "openapi": "3.1.0",
                "info": {"title": "Test", "version": "1"},
                "paths": {"/a": {"get": {"responses": {"200": {"description": "a", "content": content}}}}},
            }
        )
    ).text
    assert "number: Annotated[StrictInt, Field(ge=-2147483648, le=2147483647)]" in text
    assert "type RatesAdditionalProperty = " in text
    assert "TypeAliasType" not in text


def test_a_property_that_two_parts_declare_otherwise_is_of_one_class() -> None:
    text = {"type": "string"}
    page = {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "array", "items": {}}, "state": text, "total": {"type": "integer"}},
    }
    own = {"properties": {"data": {"type": "array", "items": text}, "state": {**text, "enum": ["a"]}}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Page"}, own]}
    content = {"application/json": {"schema": schema}}
    module = generate_schemas(
        load_contract(
            {
                "openapi": "3.1.0",
                "info": {"title": "Test", "version": "1"},
                "paths": {"/a": {"get": {"responses": {"200": {"description": "a", "content": content}}}}},
                "components": {"schemas": {"Page": page}},
            }
        )
    )

    made = module.classes["GET /a answer 200"]
    assert module.bases[made] == ("BaseModel",)
    assert {name: one.type for name, one in module.fields[made].items() if name != "state"} == {
        "data": "list[str]",
        "total": "StrictInt | MISSING",
    }


def test_what_is_only_answered_has_no_defaults_and_what_is_sent_keeps_them() -> None:
    size = {"type": "object", "properties": {"size": {"type": "integer", "default": 1}, "default": {"type": "string"}}}
    shown = {"description": "a", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Shown"}}}}
    sent = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Sent"}}}}
    nested = {"type": "object", "properties": {"parts": {"type": "array", "items": size}}}
    module = generate_schemas(
        load_contract(
            {
                "openapi": "3.1.0",
                "info": {"title": "Test", "version": "1"},
                "paths": {"/a": {"post": {"requestBody": sent, "responses": {"200": shown}}}},
                "components": {"schemas": {"Shown": nested, "Sent": size}},
            }
        )
    )

    assert "size: StrictInt = 1" in module.text
    assert "size: StrictInt | MISSING = MISSING" in module.text
    assert {"size", "default"} <= set(module.fields[module.classes["Sent"]])
