"""Instances: valid, plausible, repeatable; and instances that are wrong in exactly one way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.contract.loading import load_contract
from agent.contract.model import Contract
from agent.contract.sample import Unsatisfiable, sample, validate, violations

DOCUMENTS = Path(__file__).parent / "documents"


def contract_of(**schemas: Any) -> Contract:
    paths = {"/a": {"get": {"responses": {"200": {"description": "ok"}}}}}
    document = {"openapi": "3.1.0", "info": {"title": "a", "version": "b"}, "paths": paths}
    return load_contract({**document, "components": {"schemas": schemas}})


EMPTY = contract_of()
TREE = contract_of(
    Tree={
        "type": "object",
        "required": ["name", "children"],
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
            "parent": {"$ref": "#/components/schemas/Tree"},
        },
    },
    Expression={
        "oneOf": [
            {
                "type": "object",
                "required": ["left", "right"],
                "properties": {
                    "left": {"$ref": "#/components/schemas/Expression"},
                    "right": {"$ref": "#/components/schemas/Expression"},
                },
            },
            {"type": "object", "required": ["value"], "properties": {"value": {"type": "integer"}}},
        ]
    },
    Endless={
        "type": "object",
        "required": ["next"],
        "properties": {"next": {"$ref": "#/components/schemas/Endless"}},
    },
    Chain={
        "type": "object",
        "required": ["next"],
        "properties": {"next": {"anyOf": [{"$ref": "#/components/schemas/Chain"}, {"type": "null"}]}},
    },
)


def reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


VALID: dict[str, Any] = {
    "text": {"type": "string"},
    "lengths": {"type": "string", "minLength": 30, "maxLength": 30},
    "one letter": {"type": "string", "maxLength": 1},
    "empty text": {"type": "string", "maxLength": 0},
    "uuid": {"type": "string", "format": "uuid"},
    "email": {"type": "string", "format": "email", "maxLength": 30, "minLength": 25},
    "uri": {"type": "string", "format": "uri", "minLength": 60},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
    "duration": {"type": "string", "format": "duration"},
    "ipv4": {"type": "string", "format": "ipv4"},
    "ipv6": {"type": "string", "format": "ipv6"},
    "hostname": {"type": "string", "format": "hostname"},
    "byte": {"type": "string", "format": "byte", "minLength": 30},
    "password": {"type": "string", "format": "password", "minLength": 40, "maxLength": 64},
    "unknown format": {"type": "string", "format": "isbn"},
    "pattern": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"},
    "pattern with lengths": {"type": "string", "pattern": "^[a-z]+$", "minLength": 12, "maxLength": 13},
    "pattern of a slug": {"type": "string", "pattern": "^[a-z0-9]+(?:-[a-z0-9]+)*$"},
    "pattern of ECMAScript": {"type": "string", "pattern": "^\\p{Lu}\\p{L}+$"},
    "pattern that looks ahead": {"type": "string", "pattern": "^(?=.*[A-Z])(?=.*\\d).{8,}$"},
    "pattern somewhere": {"type": "string", "pattern": "[0-9]{4}"},
    "integer": {"type": "integer", "minimum": 5, "maximum": 7},
    "negative": {"type": "integer", "maximum": -5},
    "exclusive": {"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7},
    "multiple": {"type": "integer", "multipleOf": 7, "minimum": 8},
    "number": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
    "tiny": {"type": "number", "exclusiveMinimum": 0.1, "exclusiveMaximum": 0.11},
    "up to nothing": {"type": "number", "maximum": 0, "exclusiveMinimum": -0.5},
    "cents": {"type": "number", "multipleOf": 0.01, "minimum": 0.05},
    "int32": {"type": "integer", "format": "int32", "minimum": 2**31 - 2},
    "boolean": {"type": "boolean"},
    "null": {"type": "null"},
    "const": {"const": {"a": 1}},
    "enumeration": {"enum": ["a", 2, None]},
    "types": {"type": ["null", "integer"]},
    "array": {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
    "unique enumeration": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
    "tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
    "empty array": {"type": "array", "maxItems": 0, "items": False},
    "contains": {"type": "array", "contains": {"const": 7}, "minContains": 2},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2},
    "names": {
        "type": "object",
        "propertyNames": {"pattern": "^[a-z]{2}$"},
        "additionalProperties": True,
        "minProperties": 2,
    },
    "patterned properties": {
        "type": "object",
        "patternProperties": {"^x-": {"type": "integer"}},
        "additionalProperties": False,
        "minProperties": 1,
    },
    "required and undeclared": {"type": "object", "required": ["a"], "additionalProperties": {"type": "integer"}},
    "at least one": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "minProperties": 1,
    },
    "dependent": {"type": "object", "properties": {"a": True, "b": True}, "dependentRequired": {"a": ["c"]}},
    "all of": {"allOf": [{"type": "string", "minLength": 20}, {"maxLength": 21}]},
    "one of": {"oneOf": [{"type": "integer", "multipleOf": 2}, {"type": "integer", "multipleOf": 3}]},
    "any of beside properties": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "all of choices": {
        "allOf": [
            {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
            {"oneOf": [{"required": ["c"]}, {"required": ["d"]}]},
        ],
        "type": "object",
        "properties": {name: {"type": "string"} for name in "abcd"},
    },
    "not": {"type": "string", "not": {"const": "Value"}},
    "bad example": {"type": "integer", "examples": ["many"], "default": 3},
    "a tree": reference("Tree"),
    "an expression": reference("Expression"),
    "a chain": reference("Chain"),
}


@pytest.mark.parametrize("only_required", [False, True])
@pytest.mark.parametrize("name", VALID)
def test_samples_are_valid_and_repeatable(name: str, only_required: bool) -> None:
    for seed in (0, 1, 2, 17, 1000, 10**12):
        made = sample(TREE, VALID[name], seed=seed, only_required=only_required)
        assert validate(TREE, VALID[name], made) == ()
        assert json.dumps(made) == json.dumps(sample(TREE, VALID[name], seed=seed, only_required=only_required))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "string", "maxLength": 4},
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "email"},
        {"type": "string", "format": "uri"},
        {"type": "string", "format": "ipv4"},
        {"type": "string", "pattern": "^[a-z0-9-]{3,40}$"},
        {"type": "integer"},
        {"type": "string", "examples": ["Ada"]},
    ],
)
def test_other_seeds_give_other_values(schema: Any) -> None:
    made = [sample(EMPTY, schema, seed=seed) for seed in range(200)]
    assert len(set(made)) == 200


def test_seed_0_takes_examples_then_defaults() -> None:
    assert sample(EMPTY, {"type": "string", "examples": ["Dune"], "default": "x"}) == "Dune"
    assert sample(EMPTY, {"type": "integer", "default": 20}) == 20
    assert sample(EMPTY, {"type": "object", "examples": [{"a": 1}], "properties": {"a": {"type": "integer"}}}) == {
        "a": 1
    }


def test_enumerations_are_walked_by_seed() -> None:
    schema = {"type": ["string", "null"], "enum": ["new", "used", None]}
    assert [sample(EMPTY, schema, seed=seed) for seed in range(3)] == ["new", "used", "new"]


def test_texts_are_plausible_for_their_name() -> None:
    names = ("firstName", "email", "website_url", "phone")
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    assert sample(EMPTY, schema, seed=2) == {
        "firstName": "First name 2",
        "email": "reader2@example.com",
        "website_url": "https://example.com/website-url/2",
        "phone": "+15551000002",
    }


def test_decimals_are_numbers_where_their_pattern_would_let_nothing_at_all_be_one() -> None:
    price = {"type": "string", "format": "decimal", "pattern": r"^-?\d{0,6}(?:\.\d{0,2})?$"}
    assert [sample(EMPTY, price, seed=seed) for seed in (0, 1, 250)] == ["1.00", "1.01", "3.50"]


def test_only_required_leaves_the_rest_out() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
    assert sample(EMPTY, schema, only_required=True) == {"a": 1}
    assert sample(EMPTY, schema) == {"a": 1, "b": 1}


def test_what_does_not_go_that_way_is_left_out() -> None:
    schemas = {
        "Identity": {"type": "string", "format": "uuid", "readOnly": True},
        "User": {
            "type": "object",
            "required": ["id", "name", "password"],
            "properties": {
                "id": {"$ref": "#/components/schemas/Identity"},
                "name": {"type": "string"},
                "password": {"type": "string", "writeOnly": True},
            },
        },
    }
    contract = contract_of(**schemas)
    user = reference("User")
    assert set(sample(contract, user)) == {"id", "name", "password"}
    sent = sample(contract, user, direction="request")
    assert set(sent) == {"name", "password"}
    assert set(sample(contract, user, direction="response")) == {"id", "name"}
    assert validate(contract, user, sent, direction="request") == ()
    assert validate(contract, user, sent) == ("#: 'id' is a required property",)


def test_cycles_end_where_the_schema_lets_them() -> None:
    assert sample(TREE, reference("Tree")) == {"name": "Name", "children": []}
    assert sample(TREE, reference("Chain"))["next"] is None


@pytest.mark.parametrize(
    "schema",
    [
        {"not": {}},
        {"$ref": "#/components/schemas/Endless"},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "string", "minLength": 5, "maxLength": 4},
        {"type": "string", "pattern": "^a$", "minLength": 3},
        {"enum": []},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 3, "uniqueItems": True},
    ],
)
def test_a_schema_that_allows_nothing_is_said_to(schema: Any) -> None:
    with pytest.raises(Unsatisfiable, match="no valid instance was found"):
        sample(TREE, schema)


# What is wrong with an instance.


def test_messages_name_the_place() -> None:
    schema = {"type": "object", "properties": {"a/b": {"type": "array", "items": {"type": "integer"}}}}
    assert validate(EMPTY, schema, {"a/b": [1, "x"]}) == ("#/a~1b/1: 'x' is not of type 'integer'",)


def test_schemas_that_contain_themselves_are_checked_to_the_end() -> None:
    tree = {"name": "a", "children": [{"name": "b", "children": [{"name": 1, "children": []}]}]}
    assert validate(TREE, reference("Tree"), tree) == ("#/children/0/children/0/name: 1 is not of type 'string'",)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("uuid", "6f1f5f3e-52f0-4c53-9a3e-0d3f7c1f2b11", "6f1f"),
        ("email", "a@example.com", "a.example.com"),
        ("date", "2024-02-29", "2023-02-29"),
        ("date-time", "2024-02-29T12:00:00Z", "2024-02-29 noon"),
        ("uri", "https://example.com/a?b=c", "no uri"),
        ("uri", "urn:isbn:1", "https:"),
        ("ipv4", "192.0.2.1", "192.0.2.256"),
        ("byte", "YWJj", "***"),
        ("hostname", "a.example.com", "-a-.example"),
        ("duration", "P1DT2H", "P"),
        ("int32", 2**31 - 1, 2**31),
        ("int64", -(2**63), -(2**63) - 1),
        ("unknown", "anything", None),
    ],
)
def test_formats_count(name: str, good: Any, bad: Any) -> None:
    assert validate(EMPTY, {"format": name}, good) == ()
    assert bad is None or len(validate(EMPTY, {"format": name}, bad)) == 1


def test_patterns_are_matched_as_ecmascript_does() -> None:
    assert validate(EMPTY, {"pattern": "^\\d$"}, "٣") != ()
    assert validate(EMPTY, {"pattern": "^\\p{L}+$"}, "é") == ()
    assert validate(EMPTY, {"pattern": "^a$"}, "a\n") != ()


# Instances that are wrong in one way.

BOOK = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title", "kind"],
    "properties": {
        "id": {"type": "string", "format": "uuid", "readOnly": True},
        "title": {"type": "string", "minLength": 2, "maxLength": 10},
        "kind": {"type": "string", "enum": ["novel", "poetry"]},
        "pages": {"type": ["integer", "null"], "minimum": 1, "maximum": 5000},
        "isbn": {"type": "string", "pattern": "^[0-9]{13}$"},
        "published": {"type": "string", "format": "date"},
        "price": {"type": "number", "multipleOf": 0.5},
        "labels": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": True, "items": {"type": "string"}},
    },
}


def test_every_constraint_is_broken_once() -> None:
    found = {(one.pointer, one.why) for one in violations(EMPTY, BOOK)}
    assert found == {
        ("#", "wrong type"),
        ("#", "null not allowed"),
        ("#/title", "missing required"),
        ("#/kind", "missing required"),
        ("#/unexpected_property", "extra property"),
        ("#/title", "wrong type"),
        ("#/title", "null not allowed"),
        ("#/title", "too long"),
        ("#/title", "too short"),
        ("#/kind", "not in enum"),
        ("#/pages", "wrong type"),
        ("#/pages", "out of range"),
        ("#/isbn", "wrong type"),
        ("#/isbn", "null not allowed"),
        ("#/isbn", "bad pattern"),
        ("#/published", "wrong type"),
        ("#/published", "null not allowed"),
        ("#/published", "bad format"),
        ("#/price", "wrong type"),
        ("#/price", "null not allowed"),
        ("#/price", "not a multiple"),
        ("#/labels", "wrong type"),
        ("#/labels", "null not allowed"),
        ("#/labels", "too many items"),
        ("#/labels", "too few items"),
        ("#/labels", "not unique"),
        ("#/labels/0", "wrong type"),
        ("#/labels/0", "null not allowed"),
    }


def test_both_ends_of_a_range_are_broken() -> None:
    values = [one.value["pages"] for one in violations(EMPTY, BOOK) if one.why == "out of range"]
    assert values == [0, 5001]


def test_each_is_refused_for_one_reason_and_differs_in_one_place() -> None:
    base = sample(EMPTY, BOOK, direction="request")
    for one in violations(EMPTY, BOOK):
        assert len(validate(EMPTY, BOOK, one.value, direction="request")) == 1
        if isinstance(one.value, dict) and one.pointer != "#":
            changed = {name for name in {*base, *one.value} if base.get(name) != one.value.get(name)}
            assert changed == {one.pointer.split("/")[1]}


def test_a_schema_that_allows_everything_has_no_violations() -> None:
    assert violations(EMPTY, {}) == ()


def test_of_several_choices_of_properties_none_is_there() -> None:
    schema = {
        "type": "object",
        "required": ["name"],
        "properties": {name: {"type": "string"} for name in ("name", "email", "phone")},
        "anyOf": [{"required": ["email"]}, {"required": ["phone"]}],
    }
    (found,) = (one for one in violations(EMPTY, schema) if one.why == "none of the alternatives")
    assert set(found.value) == {"name"}


def test_violations_reach_into_shared_and_nested_schemas() -> None:
    library = load_contract(DOCUMENTS / "library.yaml")
    found = {(one.pointer, one.why) for one in violations(library, reference("NewBook"))}
    assert ("#/kind", "not in enum") in found
    assert ("#/pages", "out of range") in found
    body = sample(library, reference("NewBook"), seed=1, direction="request")
    assert "authors" in body
    assert body["authors"][0]["name"] == "Name 1"
