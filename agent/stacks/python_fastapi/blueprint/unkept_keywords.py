"""Which keywords of a schema, and which ways of writing a parameter, the generated types and routes do not keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from agent.contract.grammar import Step
from agent.stacks.python_fastapi.blueprint.keeping import fills_in
from agent.stacks.python_fastapi.blueprint.patterns import generator_reads, plain_pattern, python_pattern

_NEVER = ("not", "if", "contains", "dependentRequired", "dependentSchemas", "prefixItems")
_BOUNDS: Mapping[str, tuple[str, ...]] = {
    "string": ("minLength", "maxLength", "pattern"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems", "uniqueItems"),
}
_UNREAD_FORMATS = frozenset({"byte", "base64", "uri-reference", "iri", "iri-reference", "hostname", "idn-hostname"})
"""Formats of which a wrong value is taken everywhere."""
_UNREAD_IN_PARAMETERS = frozenset({"uri", "url", "ipv4", "ipv6", "duration"})
_READ_AS_OTHERS = frozenset({"uuid", "date", "date-time", "time", "uri", "duration", "ipv4", "ipv6"})
_COMPOSED = ("allOf", "anyOf", "oneOf", "$ref", "enum", "const")
_COMPOSING = frozenset({"allOf", "anyOf", "oneOf"})


class Place(StrEnum):
    """Where a schema stands, as far as that decides what is kept of it."""

    PARAMETER = "parameter"
    BODY = "body"
    """A body, or a property of an object in it."""
    DEEP = "deep"
    """An item, or a value of a map."""
    PART = "part"
    """One of several schemas that are put together."""

    def inside(self, kind: str, step: Step) -> Place:
        """Where something stands that is found by this step in a thing of that kind, which stands here."""
        if kind != "schemas" or self is Place.PARAMETER:
            return self
        if step[0] in _COMPOSING:
            return Place.PART
        return Place.BODY if step[0] == "properties" else Place.DEEP


def lost_keywords(schema: Mapping[str, Any], place: Place) -> Iterator[tuple[Step, str]]:
    """The step to each keyword of a schema that is not kept, and its name; parts inside are not looked at."""
    for key in _NEVER:
        if key in schema and not (key == "not" and schema[key] == {}):
            yield (key,), key
    if "patternProperties" in schema and (schema.get("properties") or place is Place.PARAMETER):
        yield ("patternProperties",), "patternProperties"
    if _overlapping(schema.get("oneOf"), schema):
        yield ("oneOf",), "oneOf"
    yield from _texts(schema, place)
    yield from _values(schema, place)
    yield from _untyped(schema, place)


def lost_of_parameter(parameter: Mapping[str, Any], _: Place) -> Iterator[tuple[Step, str]]:
    """Ways of writing a parameter that routes do not read."""
    schema = parameter.get("schema")
    kinds = _kinds(schema) if isinstance(schema, Mapping) else []
    if "content" in parameter:
        yield ("content",), "content"
    if parameter.get("style") not in (None, "form", "simple"):
        yield ("style",), "style"
    if "array" in kinds and parameter.get("in") == "query" and parameter.get("explode") is False:
        yield ("explode",), "explode"
    if "array" in kinds and parameter.get("in") in ("path", "header", "cookie"):
        yield ("schema", "type"), "type: array"
    if "object" in kinds and not _stands_in_parts(parameter):
        yield ("schema", "type"), "type: object"
    if isinstance(schema, Mapping) and isinstance(schema.get("default"), list | dict):
        yield ("schema", "default"), "default"


def _stands_in_parts(parameter: Mapping[str, Any]) -> bool:
    """Whether it is an object whose properties stand in the query side by side."""
    form = parameter.get("style") in (None, "form") and parameter.get("explode", True)
    schema = parameter.get("schema") or {}
    return bool(form and parameter.get("in") == "query" and schema.get("properties"))


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    declared = schema.get("type")
    return [declared] if isinstance(declared, str) else list(map(str, declared or ()))


def _texts(schema: Mapping[str, Any], place: Place) -> Iterator[tuple[Step, str]]:
    form, pattern = schema.get("format"), schema.get("pattern")
    unread = _UNREAD_FORMATS | (_UNREAD_IN_PARAMETERS if place is Place.PARAMETER else set())
    if form in unread:
        yield ("format",), f"format: {form}"
    names = schema.get("propertyNames")
    said = names.get("pattern") if isinstance(names, Mapping) else None
    if isinstance(said, str) and not generator_reads(said):
        yield ("propertyNames", "pattern"), "propertyNames"
    if isinstance(pattern, str) and not _read(pattern, place):
        yield ("pattern",), "pattern"
    if place is Place.DEEP and form in _READ_AS_OTHERS:
        yield from (((key,), key) for key in _BOUNDS["string"] if key in schema)


def _read(pattern: str, place: Place) -> bool:
    if place is Place.DEEP:
        return generator_reads(pattern)
    return plain_pattern(pattern) or python_pattern(pattern) is not None


def _values(schema: Mapping[str, Any], place: Place) -> Iterator[tuple[Step, str]]:
    if place is not Place.PARAMETER and not fills_in(schema):
        yield ("default",), "default"
    if place is Place.DEEP and schema.get("uniqueItems") is True:
        yield ("uniqueItems",), "uniqueItems"
    if isinstance(schema.get("const"), float):
        yield ("const",), "const"
    unread = (float, bool) if place is Place.PARAMETER else (float,)
    if any(isinstance(one, unread) for one in schema.get("enum") or ()):
        yield ("enum",), "enum"


def _untyped(schema: Mapping[str, Any], place: Place) -> Iterator[tuple[Step, str]]:
    """Bounds that say nothing of other types, in a schema that lets a value be anything."""
    if "type" in schema or place in (Place.PART, Place.PARAMETER) or any(key in schema for key in _COMPOSED):
        return
    for key in (*_BOUNDS["string"], *_BOUNDS["number"], *_BOUNDS["array"]):
        if key in schema:
            yield (key,), key
    if "required" in schema and not schema.get("properties"):
        yield ("required",), "required"


def _overlapping(options: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value might fit two of the alternatives, as far as types and a discriminator tell."""
    if not isinstance(options, list) or len(options) < 2 or "discriminator" in schema:
        return False
    kinds = [_kinds(one) if isinstance(one, Mapping) else [] for one in options]
    flattened = [kind for found in kinds for kind in found]
    return not all(kinds) or len(set(flattened)) < len(flattened) or {"integer", "number"} <= set(flattened)
