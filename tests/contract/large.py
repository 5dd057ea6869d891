"""Makes OpenAPI documents of any size: resources with nested objects, lists, filters, bodies and error answers."""

from __future__ import annotations

import json
from typing import Any

_PARAGRAPH = "Keeps what the warehouse says about this thing, as it was when it was last counted. "


def large_document(operations: int = 1000, size: int = 5_000_000) -> dict[str, Any]:
    """A valid 3.1 document with so many operations and, as JSON, at least so many bytes."""
    count = -(-operations // 5)
    padding = ""
    document = _document(count, operations, padding)
    missing = size - len(json.dumps(document))
    if missing > 0:
        padding = _PARAGRAPH * (missing // (operations * len(_PARAGRAPH)) + 1)
        document = _document(count, operations, padding)
    return document


def _document(resources: int, operations: int, padding: str) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    left = operations
    for number in range(resources):
        for path, item in _paths(number, padding).items():
            methods = dict(list(item["methods"].items())[: max(left, 0)])
            left -= len(methods)
            if methods:
                paths[path] = {"parameters": item["parameters"], **methods}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Warehouse", "version": "1.0.0"},
        "servers": [{"url": "https://warehouse.example.com/api/v1"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {name: schema for number in range(resources) for name, schema in _schemas(number).items()}
            | {"Problem": _problem()},
        },
    }


def _paths(number: int, padding: str) -> dict[str, Any]:
    name = f"Thing{number}"
    item = {"$ref": f"#/components/schemas/{name}"}
    new = {"$ref": f"#/components/schemas/New{name}"}

    def operation(verb: str, answers: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "operationId": f"{verb}{name}",
            "summary": f"{verb} things of kind {number}",
            "description": padding,
            "responses": {**answers, "default": _json("Problem", {"$ref": "#/components/schemas/Problem"})},
            **more,
        }

    page = {"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": item}}}
    body = {"required": True, "content": {"application/json": {"schema": new}}}
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}}
    identity = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    return {
        f"/things-{number}": {
            "parameters": [],
            "methods": {
                "get": operation("list", {"200": _json("Page", page)}, parameters=[limit]),
                "post": operation("create", {"201": _json("Made", item)}, requestBody=body),
            },
        },
        f"/things-{number}/{{id}}": {
            "parameters": [identity],
            "methods": {
                "get": operation("get", {"200": _json("Thing", item)}),
                "put": operation("replace", {"200": _json("Thing", item)}, requestBody=body),
                "delete": operation("delete", {"204": {"description": "Gone"}}),
            },
        },
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _schemas(number: int) -> dict[str, Any]:
    properties: dict[str, Any] = {
        f"field_{index}": {
            "type": "object",
            "required": ["amount"],
            "properties": {
                "amount": {"type": "integer", "minimum": 0, "maximum": 1000 + index},
                "currency": {"type": "string", "enum": ["EUR", "USD"], "default": "EUR"},
                "note": {"type": ["string", "null"], "maxLength": 200},
            },
        }
        for index in range(6)
    }
    properties["name"] = {"type": "string", "minLength": 1, "maxLength": 80}
    properties["parent"] = {"$ref": f"#/components/schemas/Thing{number}"}
    new = {"type": "object", "required": ["name"], "properties": properties}
    identity = {"id": {"type": "string", "format": "uuid", "readOnly": True}}
    return {
        f"NewThing{number}": new,
        f"Thing{number}": {
            "allOf": [
                {"$ref": f"#/components/schemas/NewThing{number}"},
                {"type": "object", "required": ["id"], "properties": identity},
            ]
        },
    }


def _problem() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["message", "code"],
                "properties": {"message": {"type": "string"}, "code": {"type": "string"}},
            }
        },
    }
