"""Schemas are compared by what they ask for, however they are spelled."""

from __future__ import annotations

from typing import Any

import pytest

from agent.contract.compare import Difference, parity
from agent.contract.loading import load_contract
from tests.contract.posting import posting

EQUAL: dict[str, tuple[Any, Any]] = {
    "a reference and its target": ({"$ref": "#/components/schemas/A"}, {"type": "string"}),
    "closed before and after its parts are put together": (
        {"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}], "unevaluatedProperties": False},
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
    ),
    "annotations": ({"type": "string", "description": "x", "deprecated": True}, {"type": "string", "title": "Y"}),
    "null by type and by choice": ({"type": ["string", "null"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
    "const and enumeration": ({"const": "a"}, {"type": "string", "enum": ["a"]}),
    "one choice": ({"oneOf": [{"type": "string"}]}, {"type": "string"}),
    "oneOf and anyOf in any order": (
        {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    ),
    "types and choice": (
        {"type": ["string", "integer"], "maxLength": 3},
        {"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 3}]},
    ),
    "allOf and merged": (
        {"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"type": "object", "required": ["a"]}]},
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
    ),
    "bounds of formats": (
        {"type": "integer", "format": "int32"},
        {"type": "integer", "maximum": 2**31 - 1, "minimum": -(2**31)},
    ),
    "bounds of formats as numbers with a point": (
        {"type": "integer", "format": "int64"},
        {"type": "integer", "maximum": float(2**63 - 1), "minimum": float(-(2**63))},
    ),
    "exclusive whole bounds": ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}),
    "bounds that say nothing": ({"type": "array", "minItems": 0}, {"type": "array", "items": {}}),
    "formats nobody checks": ({"type": "number", "format": "double"}, {"type": "number"}),
    "binary": (
        {"type": "string", "format": "binary"},
        {"type": "string", "contentMediaType": "application/octet-stream"},
    ),
    "open objects": ({"type": "object", "additionalProperties": True}, {"type": "object"}),
    "types that keywords tell": ({"properties": {"a": {}}}, {"type": "object", "properties": {"a": True}}),
    "default of null": ({"type": "string"}, {"type": "string", "default": None}),
    "choices beside shared properties": (
        {"properties": {"id": {"type": "string"}}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {
            "anyOf": [
                {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["b"]},
                {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["a"]},
            ]
        },
    ),
    "a schema that contains itself, once unrolled": (
        {"$ref": "#/components/schemas/Tree"},
        {
            "type": "object",
            "properties": {"next": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Tree"}}}},
        },
    ),
}
UNEQUAL: dict[str, tuple[Any, Any]] = {
    "types": ({"type": "string"}, {"type": "integer"}),
    "integer and number": ({"type": "integer"}, {"type": "number"}),
    "anything and something": ({}, {"type": "string"}),
    "formats": ({"type": "string", "format": "uuid"}, {"type": "string"}),
    "patterns": ({"type": "string", "pattern": "a"}, {"type": "string", "pattern": "b"}),
    "choices": (
        {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        {"oneOf": [{"type": "string"}, {"type": "boolean"}]},
    ),
    "choices of objects": (
        {"oneOf": [{"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}]},
        {"oneOf": [{"type": "object", "required": ["a"]}, {"type": "object", "required": ["c"]}]},
    ),
    "items": ({"type": "array", "items": {"type": "string"}}, {"type": "array"}),
    "unique": ({"type": "array", "uniqueItems": True}, {"type": "array"}),
    "closed": ({"type": "object", "additionalProperties": False}, {"type": "object"}),
    "enumerations": ({"enum": [1, 2]}, {"enum": [1, "2"]}),
    "two of the same fault": (
        {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
        {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}},
    ),
}


@pytest.mark.parametrize("name", EQUAL)
def test_two_spellings_of_one_schema_are_the_same(name: str) -> None:
    first, second = EQUAL[name]
    assert _schemas_differ(first, second) == ()
    assert _schemas_differ(second, first) == ()


@pytest.mark.parametrize("name", UNEQUAL)
def test_two_schemas_that_ask_differently_differ(name: str) -> None:
    first, second = UNEQUAL[name]
    assert _schemas_differ(first, second)
    assert _schemas_differ(second, first)


def test_each_place_of_the_same_fault_is_told() -> None:
    found = _schemas_differ(*UNEQUAL["two of the same fault"])
    assert [one.where for one in found] == ["body/application/json/a", "body/application/json/b"]


def test_readonly_properties_are_no_part_of_requests() -> None:
    identity = {"type": "string", "readOnly": True}
    with_id = {"type": "object", "required": ["id"], "properties": {"id": identity, "name": {"type": "string"}}}
    assert _schemas_differ(with_id, {"type": "object", "properties": {"name": {"type": "string"}}}) == ()


def _schemas_differ(first: Any, second: Any) -> tuple[Difference, ...]:
    contract, derived = (load_contract(posting(schema)) for schema in (first, second))
    return parity(contract, derived.document)
