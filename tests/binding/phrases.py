"""Pieces of contracts, as YAML that can stand inside other YAML."""

from __future__ import annotations

import json
from typing import Any


def operation(
    *,
    body: Any = None,
    answer: Any = None,
    status: str = "200",
    query: dict[str, Any] | None = None,
    protected: bool = False,
    text: str = "",
    **more: Any,
) -> str:
    """An operation in flow style. `body` and `answer` are JSON schemas, `query` is parameter name → schema."""
    said: dict[str, Any] = {
        "responses": {status: {"description": "done", **({"content": content(answer)} if answer is not None else {})}},
        **({"requestBody": {"required": True, "content": content(body)}} if body is not None else {}),
        **({"security": [{"bearer": []}]} if protected else {}),
        **({"summary": text} if text else {}),
        **more,
    }
    if query:
        said["parameters"] = [{"name": name, "in": "query", "schema": schema} for name, schema in query.items()]
    return json.dumps(said)


def content(schema: Any) -> dict[str, Any]:
    """JSON content of that schema."""
    return {"application/json": {"schema": schema}}


def record(*required: str, **properties: Any) -> dict[str, Any]:
    """An object schema; properties given by name only are required strings."""
    named = {name: {"type": "string"} for name in required}
    return {
        "type": "object",
        "required": [*required, *_always(properties)],
        "properties": {**named, **_plain(properties)},
    }


def maybe(schema: Any) -> dict[str, Any]:
    """Marks a property of `record` as optional."""
    return {"optional": schema}


def rows(schema: Any) -> dict[str, Any]:
    """A list of that."""
    return {"type": "array", "items": schema}


UUID = {"type": "string", "format": "uuid"}
TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
TIME = {"type": "string", "format": "date-time"}
DAY = {"type": "string", "format": "date"}


def _always(properties: dict[str, Any]) -> list[str]:
    return [name for name, schema in properties.items() if "optional" not in schema]


def _plain(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: schema.get("optional", schema) for name, schema in properties.items()}
