"""Where things stand in an OpenAPI document: which key holds a schema, a parameter, a map of answers...

A reference is only a reference where the grammar expects one: a property named `$ref`, or an example that contains
one, is data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

_ONE, _LIST, _MAP = "one", "list", "map"
_MEDIA = {"content": (_MAP, "media")}
_VALUE = {"schema": (_ONE, "schemas"), "examples": (_MAP, "examples"), **_MEDIA}
_COMPONENTS = (
    "schemas",
    "responses",
    "parameters",
    "examples",
    "requestBodies",
    "headers",
    "securitySchemes",
    "links",
    "callbacks",
    "pathItems",
)

GRAMMAR: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "document": {
        "paths": (_MAP, "pathItems"),
        "webhooks": (_MAP, "pathItems"),
        "components": (_ONE, "components"),
    },
    "components": {name: (_MAP, name) for name in _COMPONENTS},
    "pathItems": {"parameters": (_LIST, "parameters"), **dict.fromkeys(METHODS, (_ONE, "operation"))},
    "operation": {
        "parameters": (_LIST, "parameters"),
        "requestBody": (_ONE, "requestBodies"),
        "responses": (_MAP, "responses"),
        "callbacks": (_MAP, "callbacks"),
    },
    "callbacks": {"*": (_ONE, "pathItems")},
    "parameters": _VALUE,
    "headers": _VALUE,
    "requestBodies": _MEDIA,
    "responses": {"headers": (_MAP, "headers"), "links": (_MAP, "links"), **_MEDIA},
    "media": {"schema": (_ONE, "schemas"), "examples": (_MAP, "examples"), "encoding": (_MAP, "encoding")},
    "encoding": {"headers": (_MAP, "headers")},
    "schemas": {
        **dict.fromkeys(("properties", "patternProperties", "$defs", "dependentSchemas"), (_MAP, "schemas")),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), (_LIST, "schemas")),
        **dict.fromkeys(
            (
                "items",
                "additionalProperties",
                "not",
                "if",
                "then",
                "else",
                "contains",
                "propertyNames",
                "unevaluatedItems",
                "unevaluatedProperties",
                "contentSchema",
            ),
            (_ONE, "schemas"),
        ),
    },
}
"""Kind of thing → key → how many things of which kind stand there."""

REFERABLE = frozenset(_COMPONENTS)
"""Kinds in whose place a reference may stand."""

Step = tuple[str, ...]


def children(kind: str, node: Mapping[str, Any]) -> Iterator[tuple[Step, str, Any]]:
    """The things directly inside a thing: the keys that lead to each, its kind, and itself."""
    rules = GRAMMAR.get(kind, {})
    for key, value in node.items():
        many, inner = rules.get(key) or rules.get("*") or ("", "")
        if many == _ONE:
            yield (key,), inner, value
        elif many == _LIST and isinstance(value, list):
            for index, item in enumerate(value):
                yield (key, str(index)), inner, item
        elif many == _MAP and isinstance(value, Mapping):
            for name, item in value.items():
                if not (inner in {"pathItems", "responses"} and str(name).startswith("x-")):
                    yield (key, str(name)), inner, item


def reference(kind: str, node: Any) -> str | None:
    """The `$ref` of a node that is one, else None."""
    if kind in REFERABLE and isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
        return str(node["$ref"])
    return None


def replaced(node: Mapping[str, Any], changes: Mapping[Step, Any]) -> dict[str, Any]:
    """A copy of the node with the things at these steps exchanged; all else is shared."""
    made = dict(node)
    for step, value in changes.items():
        if len(step) == 1:
            made[step[0]] = value
            continue
        key, inner = step
        if made[key] is node[key]:
            made[key] = list(node[key]) if isinstance(node[key], list) else dict(node[key])
        made[key][int(inner) if isinstance(made[key], list) else inner] = value
    return made
