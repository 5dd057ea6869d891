"""Documents of other people, as unfriendly as they come."""

from __future__ import annotations

from typing import Any

NASTY = (
    '"""; import os; os.system("false") #',
    "'''\\",
    "ends with a backslash\\",
    'ends with a quote"',
    "ünï cödé",
    "日本語",
    "class",
    "from",
    "list",
    "date",
    "123 abc",
    "several\nlines",
    "None",
    "self",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "\u2028",
    "router",
    "service",
    "body",
    "Path",
    "Annotated",
    "get user/by.id",
)
"""Names and texts that are code somewhere, or look like it."""


def nasty_document(texts: tuple[str, ...] = NASTY) -> dict[str, Any]:
    """A document in which every name and text is one of these."""
    operations = {f"/things{index}/{{item-id}}": {"post": _operation(text, index)} for index, text in enumerate(texts)}
    return {
        "openapi": "3.1.0",
        "info": {"title": texts[0] or "title", "version": "'1\""},
        "paths": operations,
        "components": {"schemas": {f"Thing{index}": _schema(text) for index, text in enumerate(texts)}},
    }


def _operation(text: str, index: int) -> dict[str, Any]:
    return {
        "operationId": f"{text}{index % 2}",
        "summary": text,
        "description": text * 3,
        "tags": [text],
        "parameters": [
            {"name": "item-id", "in": "path", "required": True, "schema": {"type": "string"}, "description": text},
            {"name": text or "q", "in": "query", "schema": {"enum": [text, "z"], "type": "string", "default": text}},
            {"name": f"X_{index}", "in": "header", "schema": {"type": "string", "default": text}},
        ],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/Thing{index}"}}}},
        "responses": {
            "200": {
                "description": text or "good",
                "content": {
                    "application/json": {"schema": {"type": "object", "properties": {text or "e": {"type": "integer"}}}}
                },
            },
            "4XX": {"description": text, "content": {"text/plain": {"schema": {"type": "string"}}}},
        },
    }


def _schema(text: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": f"{text} and {'word ' * 40}",
        "required": ["date"],
        "properties": {
            text or "empty": {"type": "string", "description": text, "default": text},
            "kind": {"type": "string", "enum": [text, "b"], "description": text},
            "date": {"type": "string", "format": "date"},
            "self": {"type": "integer"},
            "model_config": {"type": "string"},
            "json": {"type": "string"},
        },
    }
