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


MEMBERS = """
CREATE TABLE members (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(100) NOT NULL, nickname text,
    secret text NOT NULL, joined_at timestamptz NOT NULL DEFAULT now());
"""


def members_document() -> dict[str, Any]:
    """One schema both ways with what goes one way, JSON by other names, counted properties, optional forms."""
    member = {
        "type": "object",
        "required": ["id", "name", "secret"],
        "properties": {
            "id": {"type": "integer", "format": "int64", "readOnly": True},
            "name": {"type": "string", "maxLength": 100},
            "nickname": {"type": ["string", "null"]},
            "secret": {"type": "string", "writeOnly": True},
            "joined_at": {"type": "string", "format": "date-time", "readOnly": True},
        },
    }
    problem = {"type": "object", "required": ["title", "cause"], "properties": {"title": {"type": "string"}}}
    change = {
        "type": "object",
        "description": "Some of it.",
        "minProperties": 1,
        "maxProperties": 2,
        "additionalProperties": False,
        "properties": {"name": {"type": "string"}, "nickname": {"type": ["string", "null"]}},
    }
    upload = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
    one, no_such = (
        {"$ref": "#/components/schemas/Member"},
        _answer({"$ref": "#/components/schemas/Problem"}, "problem+"),
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Members", "version": "1"},
        "paths": {
            "/members": {
                "get": {"responses": {"200": {"description": "", "content": {"*/*": {"schema": _list(one)}}}}},
                "post": {
                    "requestBody": {"required": True, "content": {"application/vnd.api+json": {"schema": one}}},
                    "responses": {"201": _answer(one, "vnd.api+"), "409": _answer({"type": "object"})},
                },
            },
            "/members/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "get": {"responses": {"200": {"description": "", "content": {"*/*": {"schema": one}}}, "404": no_such}},
                "patch": {
                    "requestBody": {"content": {"application/merge-patch+json": {"schema": change}}},
                    "responses": {"200": _answer(one), "404": no_such},
                },
                "delete": {"responses": {"204": _answer(one), "404": no_such}},
            },
            "/members/{id}/picture": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "put": {
                    "requestBody": {"content": {"multipart/form-data": {"schema": upload}}},
                    "responses": {"204": {"description": "kept"}},
                },
            },
        },
        "components": {"schemas": {"Member": member, "Problem": problem}},
    }


def _answer(schema: dict[str, Any], kind: str = "") -> dict[str, Any]:
    return {"description": "", "content": {f"application/{kind}json": {"schema": schema}}}


def _list(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}
