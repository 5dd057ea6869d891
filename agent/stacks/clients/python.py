"""A client as one Python module on httpx: typed dictionaries, and one method for each operation."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from agent.stacks.clients.model import Argument, Call, Client, ListOf, MapOf, Named, Plain, Record, Type, Union, Values
from agent.stacks.python_fastapi.blueprint.naming import Names, function_name, snake
from agent.stacks.python_fastapi.blueprint.text import docstring, literal, one_line
from agent.stacks.templates import source_templates

if TYPE_CHECKING:
    from jinja2 import Environment

_PLAIN = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "bytes": "bytes",
    "unknown": "Any",
}
_KEY = re.compile(r"[a-z][A-Za-z0-9_]*")
_TYPE_WORDS = frozenset({"str", "int", "float", "bool", "bytes", "list", "dict"})
_METHODS = ("self", "close", "ask", "_ask", "_http")
_LOCALS = ("self", "body", "path")


@dataclass(frozen=True, slots=True)
class _Argument:
    name: str
    argument: Argument


@dataclass(frozen=True, slots=True)
class _Method:
    name: str
    call: Call
    arguments: tuple[_Argument, ...]

    def at(self, location: str) -> list[_Argument]:
        """The arguments that stand there."""
        return [one for one in self.arguments if one.argument.location == location]


def python_client(client: Client) -> str:
    """The module's source. Names and texts of the document stand in it as data alone."""
    names = Names(*_METHODS)
    methods = tuple(_method(call, names) for call in client.calls)
    return _environment().get_template("client.py.jinja").render(client=client, methods=methods)


def python_type(type_: Type) -> str:
    """A type as an annotation."""
    match type_:
        case Plain(kind):
            return _PLAIN[kind]
        case Values(values):
            return f"Literal[{', '.join(map(repr, values))}]"
        case Named(name):
            return name
        case ListOf(item):
            return f"list[{python_type(item)}]"
        case MapOf(value):
            return f"dict[str, {python_type(value)}]"
        case Union(parts):
            return " | ".join(map(python_type, parts))


def _method(call: Call, names: Names) -> _Method:
    own = Names(*_LOCALS)
    arguments = tuple(_Argument(own.take(snake(one.name, fallback="value")), one) for one in call.arguments)
    return _Method(names.take(function_name(call.id)), call, arguments)


def _plain_keys(record: Record) -> bool:
    """Whether a class can have these properties as attributes, without hiding the types that it is written with."""
    names = [field.name for field in record.fields]
    return all(_KEY.fullmatch(one) and one not in _TYPE_WORDS and not keyword.iskeyword(one) for one in names)


def _path(method: _Method) -> str:
    """The path as an expression: texts, and arguments made safe for an address."""
    parts: list[str] = []
    names = {one.argument.name: one.name for one in method.at("path")}
    for piece in re.split(r"(\{[^{}]*\})", method.call.path):
        if piece.startswith("{") and piece[1:-1] in names:
            parts.append(f"_part({names[piece[1:-1]]})")
        elif piece:
            parts.append(literal(piece))
    return " + ".join(parts) or '""'


@cache
def _environment() -> Environment:
    return source_templates(
        Path(__file__).parent / "templates",
        type=python_type,
        literal=literal,
        docstring=docstring,
        line=one_line,
        plain_keys=_plain_keys,
        path=_path,
    )
