"""The smallest document that asks for a schema."""

from __future__ import annotations

from typing import Any


def posting(schema: Any, schemas: dict[str, Any] | None = None) -> dict[str, Any]:
    """One operation whose body is this schema; `A` and `Tree` may be referenced, and `schemas`."""
    tree = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Tree"}}}
    body = {"content": {"application/json": {"schema": schema}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "a", "version": "b"},
        "paths": {"/a": {"post": {"requestBody": body, "responses": {"204": {"description": "ok"}}}}},
        "components": {"schemas": {"A": {"type": "string"}, "Tree": tree, **(schemas or {})}},
    }
