"""The contract's schemas in the words that the generator of classes understands."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from agent.contract.validating import INTEGER_BOUNDS
from agent.stacks.python_fastapi.blueprint.keeping import marked
from agent.stacks.python_fastapi.blueprint.patterns import readable
from agent.stacks.python_fastapi.blueprint.text import clean

PREFIX = "#/components/schemas/"
UNSAID = {"title", "example", "examples", "externalDocs", "xml", "deprecated"}
_DESCRIPTION_WIDTH = 84
_NAMED = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
VALUES = {"default", "const", "enum"}


def renamed_references(schema: Any, safe: Mapping[str, str]) -> Any:
    """The schema as data, with references to the generated classes; titles and examples left out.

    A reference into nothing allows anything.
    """
    if isinstance(schema, Mapping):
        target = schema.get("$ref")
        if isinstance(target, str):
            name = target.removeprefix(PREFIX)
            others = {key: value for key, value in schema.items() if key != "$ref"}
            return {"$ref": f"{PREFIX}{safe[name]}", **others} if name in safe else others
        plain = marked(_textual(_nullable(schema)))
        made = {key: _part(key, value, safe) for key, value in plain.items() if key not in UNSAID}
        return _with_required(made)
    return [renamed_references(item, safe) for item in schema] if isinstance(schema, list | tuple) else schema


def _nullable(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """`anyOf` of one simple type and null as one type array, so that no class stands for the type."""
    choices = schema.get("anyOf")
    if not isinstance(choices, list | tuple) or len(choices) != 2 or {"type": "null"} not in choices:
        return schema
    other = next(choice for choice in choices if choice != {"type": "null"}) if choices[0] != choices[1] else {}
    if not isinstance(other.get("type"), str) or other["type"] == "object":
        return schema
    return {**{key: value for key, value in schema.items() if key != "anyOf"}, **other, "type": [other["type"], "null"]}


def _with_required(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with a property of any value for each required name that has none, so that a field stands for it."""
    properties, required = schema.get("properties"), schema.get("required")
    composed = any(key in schema for key in ("allOf", "anyOf", "oneOf")) or schema.get("additionalProperties") is False
    if composed or not isinstance(properties, Mapping) or not isinstance(required, list | tuple):
        return schema
    return {**schema, "properties": {**properties, **{name: {} for name in required if name not in properties}}}


def bounded(schema: Any) -> Any:
    """The schema with the bounds that the format of an integer stands for, where it has none that are tighter."""
    if not isinstance(schema, Mapping):
        return schema
    kinds = schema.get("type")
    whole = "integer" in ([kinds] if isinstance(kinds, str) else kinds or ())
    low, high = INTEGER_BOUNDS.get(str(schema.get("format")), (None, None)) if whole else (None, None)
    if low is None or "enum" in schema or "const" in schema:
        return schema
    least = {} if {"minimum", "exclusiveMinimum"} & set(schema) else {"minimum": low}
    most = {} if {"maximum", "exclusiveMaximum"} & set(schema) else {"maximum": high}
    return {**schema, **least, **most}


def _textual(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Formats that the generator makes something else of than text, or knows by another name."""
    match schema.get("format"):
        case "decimal":
            return {key: value for key, value in schema.items() if key != "format"}
        case "url" if schema.get("type") == "string":
            return {**schema, "format": "uri"}
        case _:
            return schema


def _part(key: str, value: Any, safe: Mapping[str, str]) -> Any:
    if key in VALUES:
        return value
    if key == "description":
        return textwrap.fill(clean(str(value)), _DESCRIPTION_WIDTH, break_on_hyphens=False)
    if key == "discriminator" and isinstance(value, Mapping):
        mapping = value.get("mapping") or {}
        known = {tag: PREFIX + safe[name] for tag, to in mapping.items() if (name := to.rsplit("/", 1)[-1]) in safe}
        return {
            **{key: part for key, part in value.items() if key != "mapping"},
            **({"mapping": known} if known else {}),
        }
    if key == "allOf" and isinstance(value, list | tuple):
        # A part may require what another part declares.
        return [_apart(one, safe) for one in value]
    if key in _NAMED and isinstance(value, Mapping):
        named = readable if key == "patternProperties" else str
        made = {named(name): renamed_references(schema, safe) for name, schema in value.items()}
        # Elsewhere than in properties the generator would make a class of every bounded number.
        return {name: bounded(one) for name, one in made.items()} if key == "properties" else made
    return renamed_references(value, safe)


def _apart(part: Any, safe: Mapping[str, str]) -> Any:
    made = renamed_references(part, safe)
    declared = part.get("properties") if isinstance(part, Mapping) else None
    if not isinstance(declared, Mapping):
        return made
    return {**made, "properties": {name: one for name, one in made["properties"].items() if name in declared}}
