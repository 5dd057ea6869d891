"""Types and constraints of parameters, as Python source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.contract.flattening import flat
from agent.contract.model import Contract, Parameter, Schema
from agent.stacks.python_fastapi.blueprint.bounds import Bounds, bounds_of
from agent.stacks.python_fastapi.blueprint.naming import Names, snake
from agent.stacks.python_fastapi.blueprint.schemas import SchemaModule, reference
from agent.stacks.python_fastapi.blueprint.text import literal, one_line

_FORMATS = {
    "uuid": "UUID",
    "date": "date",
    "date-time": "AwareDatetime",
    "time": "time",
    "email": "EmailStr",
}
_TYPES = {"integer": "int", "number": "float", "boolean": "bool", "string": "str"}
_IMPORTS = {
    "UUID": "from uuid import UUID",
    "date": "from datetime import date",
    "time": "from datetime import time",
    "AwareDatetime": "from src.schemas.formats import AwareDatetime",
    "EmailStr": "from src.schemas.formats import EmailStr",
    "Literal": "from typing import Literal",
}
_NOTES = frozenset({"default", "description", "title", "examples", "deprecated"})
_DEPTH = 8
"""How deep choices within choices are followed."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A type as source, and what it needs imported."""

    text: str
    imports: frozenset[str] = frozenset()

    def optional(self) -> Typed:
        """The type or None."""
        return (
            self if self.text.endswith("| None") or self.text == "Any" else Typed(f"{self.text} | None", self.imports)
        )


@dataclass(frozen=True, slots=True)
class PlannedParameter:
    """A parameter of a route, and of the service's method behind it."""

    name: str
    """In Python."""
    original: str
    location: str
    inner: Typed
    """Of the value inside the service."""
    annotation: str
    """Of the route's argument: `Annotated[int, Query(alias="authorId", ge=0)]`."""
    default: str | None
    """None: it must be sent."""
    description: str = ""
    imports: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class _Choice:
    """One type that a value may have, and what it must keep besides."""

    type: Typed
    bounds: Bounds = Bounds()
    item: _Choice | None = None
    """Of a list."""

    @property
    def sent(self) -> Typed:
        """The type as the route has it, its bounds left out but not those of its items."""
        if self.item is None:
            return self.type
        inside = self.item.bounded
        return Typed(f"list[{inside.text}]", inside.imports)

    @property
    def bounded(self) -> Typed:
        """The type with its bounds, for a place that has no others."""
        told = self.bounds.spelt()
        if not told:
            return self.sent
        imports = self.sent.imports | self.bounds.imports | {"from typing import Annotated"}
        return Typed(f"Annotated[{self.sent.text}, {', '.join(told)}]", imports)


class Annotations:
    """Makes types of schemas."""

    def __init__(self, contract: Contract, schemas: SchemaModule) -> None:
        self._contract = contract
        self._schemas = schemas

    def parameter(self, parameter: Parameter, names: Names) -> PlannedParameter:
        """The parameter as the route and the service spell it."""
        name = names.take(snake(parameter.name, fallback="parameter"))
        choices, nullable = self._choices(parameter.schema)
        plain, sent = _either([one.type for one in choices]), _either([one.bounded for one in choices])
        bounds = choices[0].bounds if len(choices) == 1 else Bounds()
        sent = choices[0].sent if len(choices) == 1 else sent
        default = None if parameter.required else self._default(parameter.schema, plain)
        empty = nullable or (not parameter.required and default is None)
        inner, sent = (plain.optional(), sent.optional()) if empty else (plain, sent)
        kind = parameter.location.capitalize()
        marker = f"{kind}({', '.join([*_named(parameter, name), *bounds.told, *_described(parameter)])})"
        used = sent.imports | bounds.imports_beside
        return PlannedParameter(
            name=name,
            original=parameter.name,
            location=parameter.location,
            inner=inner,
            annotation=f"Annotated[{', '.join([sent.text, *bounds.checks, marker])}]",
            default=None if parameter.required else default or "None",
            description=one_line(parameter.description),
            imports=used | {f"from fastapi import {kind}", "from typing import Annotated"},
        )

    def _choices(self, schema: Schema) -> tuple[list[_Choice], bool]:
        """What a value may be, and whether null is among it; text where the schema is too much for a parameter."""
        options, nullable = self._options(schema, 0)
        found = {choice.bounded.text: choice for choice in map(self._choice, options)}
        return list(found.values()) or [_Choice(Typed("str"))], nullable

    def _options(self, schema: Schema, depth: int) -> tuple[list[Schema], bool]:
        """The schemas that a value may keep, each of one type and with what stands around them."""
        if self._enum_class(schema):
            return [schema], False
        piece = flat(self._contract, schema)
        if piece.alternatives and depth < _DEPTH:
            around = {key: one for key, one in piece.schema.items() if key not in {"oneOf", "anyOf", *_NOTES}}
            whole = [{"allOf": [one, around]} if around else one for one in piece.alternatives]
            parts = [self._options(one if isinstance(one, Mapping) else {}, depth + 1) for one in whole]
            return [one for options, _ in parts for one in options], any(nullable for _, nullable in parts)
        kinds = [kind for kind in piece.types if kind != "null"]
        options: list[Schema] = [{**piece.schema, "type": kind} for kind in kinds]
        return options or ([] if piece.types else [piece.schema]), "null" in piece.types

    def _choice(self, schema: Schema) -> _Choice:
        known = self._enum_class(schema)
        if known:
            return _Choice(Typed(known, frozenset({f"from src.schemas.api import {known}"})))
        values = [one for one in schema.get("enum") or _constants(schema) if one is not None]
        bounds = bounds_of(schema)
        if values and all(isinstance(value, str | int) and not isinstance(value, bool) for value in values):
            told = ", ".join(literal(value) if isinstance(value, str) else repr(value) for value in values)
            return _Choice(Typed(f"Literal[{told}]", frozenset({_IMPORTS["Literal"]})), bounds)
        kind = schema.get("type")
        if kind == "array":
            items, nullable = self._choices(schema.get("items") or {})
            item = items[0] if len(items) == 1 and not nullable else _Choice(_either([one.bounded for one in items]))
            return _Choice(Typed(f"list[{item.type.text}]", item.type.imports), bounds, item)
        name = _FORMATS.get(str(schema.get("format")), "str") if kind == "string" else _TYPES.get(str(kind), "str")
        return _Choice(Typed(name, frozenset({_IMPORTS[name]}) if name in _IMPORTS else frozenset()), bounds)

    def _enum_class(self, schema: Schema) -> str:
        """The class of the listing that the schema is, looked for behind an `allOf` of one; empty when it is none."""
        parts = schema.get("allOf")
        if isinstance(parts, list | tuple) and len(parts) == 1 and not set(schema) - {"allOf", *_NOTES}:
            return self._enum_class(parts[0])
        named = reference({key: one for key, one in schema.items() if key not in _NOTES})
        known = self._schemas.classes.get(named or "", "")
        return known if known in self._schemas.members else ""

    def _default(self, schema: Schema, typed: Typed) -> str | None:
        """The schema's default as source, None when it has none that can stand there."""
        value = flat(self._contract, schema).schema.get("default")
        if value is None:
            return None
        member = self._schemas.members.get(typed.text, {}).get(value) if isinstance(value, str | int) else None
        if member:
            return f"{typed.text}.{member}"
        if isinstance(value, bool | int | float) or (isinstance(value, str) and _is_textual(typed.text)):
            return _constant(value)
        return None


def _either(types: list[Typed]) -> Typed:
    """A union; one type stays itself."""
    texts = dict.fromkeys(one.text for one in types)
    return Typed(" | ".join(texts), frozenset().union(*(one.imports for one in types)))


def _constants(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else []


def _named(parameter: Parameter, name: str) -> list[str]:
    alias = parameter.name if parameter.location != "path" else path_name(parameter.name)
    spelt = [f"alias={literal(alias)}"] if alias != name or parameter.location == "header" else []
    return [*spelt, "convert_underscores=False"] if parameter.location == "header" and "_" in alias else spelt


def _described(parameter: Parameter) -> list[str]:
    return [f"description={literal(one_line(parameter.description))}"] if parameter.description else []


def path_name(name: str) -> str:
    """The name of a path parameter as the router can read it."""
    return name if name.isidentifier() and name.isascii() else snake(name, fallback="parameter")


def _is_textual(typed: str) -> bool:
    return typed.removesuffix(" | None") == "str" or typed.startswith("Literal[")


def _constant(value: Any) -> str:
    return literal(value) if isinstance(value, str) else repr(value)


def import_lines(imports: Mapping[str, object] | frozenset[str] | set[str]) -> list[str]:
    """Sorted import lines, the formatter puts them into groups."""
    return sorted(imports)
