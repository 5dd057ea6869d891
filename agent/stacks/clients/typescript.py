"""A client as one TypeScript module on fetch: interfaces, and one method for each operation."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from agent.stacks.clients.model import Argument, Call, Client, ListOf, MapOf, Named, Plain, Type, Union, Values
from agent.stacks.python_fastapi.blueprint.naming import Names, snake
from agent.stacks.python_fastapi.blueprint.text import one_line
from agent.stacks.templates import source_templates

if TYPE_CHECKING:
    from jinja2 import Environment

_PLAIN = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
    "bytes": "Blob",
    "unknown": "unknown",
}
_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_RESERVED = (
    *("ask", "constructor", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete"),
    *("do", "else", "enum", "export", "extends", "false", "finally", "for", "function", "if", "import", "in"),
    *("instanceof", "new", "null", "return", "super", "switch", "this", "throw", "true", "try", "typeof", "var"),
    *(
        "void",
        "while",
        "with",
        "let",
        "static",
        "yield",
        "await",
        "async",
        "body",
        "query",
        "headers",
        "arguments",
        "eval",
    ),
    *("implements", "interface", "package", "private", "protected", "public", "part", "text", "baseurl", "options"),
)


@dataclass(frozen=True, slots=True)
class _Method:
    name: str
    call: Call
    path_names: dict[str, str]

    def at(self, location: str) -> list[Argument]:
        """The arguments that stand there."""
        return [one for one in self.call.arguments if one.location == location]

    def optional(self, location: str) -> bool:
        """Whether all arguments that stand there may be left out."""
        return not any(one.required for one in self.at(location))


def typescript_client(client: Client) -> str:
    """The module's source. Names and texts of the document stand in it as data alone."""
    names = Names(*_RESERVED)
    methods = []
    for call in client.calls:
        own = Names(*_RESERVED)
        paths = {one.name: own.take(_camel(one.name)) for one in call.arguments if one.location == "path"}
        methods.append(_Method(names.take(_camel(call.id)), call, paths))
    return _environment().get_template("client.ts.jinja").render(client=client, methods=methods)


def typescript_type(type_: Type) -> str:
    """A type as TypeScript has it."""
    match type_:
        case Plain(kind):
            return _PLAIN[kind]
        case Values(values):
            return " | ".join(map(json.dumps, values))
        case Named(name):
            return name
        case ListOf(item):
            return f"Array<{typescript_type(item)}>"
        case MapOf(value):
            return f"Record<string, {typescript_type(value)}>"
        case Union(parts):
            return " | ".join(map(typescript_type, parts))


def _camel(name: str) -> str:
    first, *rest = snake(name, fallback="operation").rstrip("_").split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _key(name: str) -> str:
    return name if _KEY.fullmatch(name) else json.dumps(name)


def _path(method: _Method) -> str:
    parts: list[str] = []
    for piece in re.split(r"(\{[^{}]*\})", method.call.path):
        if piece.startswith("{") and piece[1:-1] in method.path_names:
            parts.append(f"part({method.path_names[piece[1:-1]]})")
        elif piece:
            parts.append(json.dumps(piece))
    return " + ".join(parts) or '""'


def _comment(text: str) -> str:
    """Text that cannot end the comment that it stands in."""
    return one_line(text).replace("*/", "*\\/")


@cache
def _environment() -> Environment:
    return source_templates(
        Path(__file__).parent / "templates",
        type=typescript_type,
        literal=json.dumps,
        comment=_comment,
        key=_key,
        path=_path,
    )
