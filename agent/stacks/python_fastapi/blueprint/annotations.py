"""Types and constraints of parameters, as Python source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.contract.model import Contract, Parameter, Schema
from agent.stacks.python_fastapi.blueprint.naming import Names, snake
from agent.stacks.python_fastapi.blueprint.schemas import SchemaModule, bounded, reference
from agent.stacks.python_fastapi.blueprint.text import literal, one_line

_CONSTRAINTS = {
    "minimum": "ge",
    "exclusiveMinimum": "gt",
    "maximum": "le",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_length",
    "maxItems": "max_length",
    "pattern": "pattern",
}
_OF_TYPE = {
    "string": ("minLength", "maxLength", "pattern"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems"),
}
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
    "Any": "from typing import Any",
}


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
    marker: str
    """`Query(alias="authorId", ge=0)`."""
    default: str | None
    """None: it must be sent."""
    description: str = ""
    imports: frozenset[str] = field(default_factory=frozenset)

    @property
    def annotation(self) -> str:
        """Of the route's argument."""
        return f"Annotated[{self.inner.text}, {self.marker}]"


class Annotations:
    """Makes types of schemas."""

    def __init__(self, contract: Contract, schemas: SchemaModule) -> None:
        self._contract = contract
        self._schemas = schemas

    def of(self, schema: Schema) -> Typed:
        """The Python type of a parameter's schema; `str` where the schema is too much for a parameter."""
        component = reference(schema)
        target = self._contract.resolve(schema)
        choices = [one for one in target.get("anyOf", ()) if one != {"type": "null"}]
        if len(choices) == 1:
            return self.of({**{k: v for k, v in target.items() if k != "anyOf"}, **choices[0]}).optional()
        kinds = target.get("type")
        types = [kinds] if isinstance(kinds, str) else list(kinds or ())
        plain = [one for one in types if one != "null"]
        made = self._plain(target, plain[0] if len(plain) == 1 else "", component)
        return made.optional() if "null" in types else made

    def _plain(self, schema: Schema, kind: str, component: str | None) -> Typed:
        values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
        enum_class = self._schemas.classes.get(component or "", "")
        if values and enum_class in self._schemas.members:
            return Typed(enum_class, frozenset({f"from src.schemas.api import {enum_class}"}))
        if values and all(isinstance(value, str | int | bool) for value in values):
            told = ", ".join(literal(value) if isinstance(value, str) else repr(value) for value in values)
            return Typed(f"Literal[{told}]", frozenset({_IMPORTS["Literal"]}))
        if kind == "array":
            item_schema = schema.get("items") or {}
            item = self.of(item_schema)
            inside = self.constraints(item_schema)
            text = f"Annotated[{item.text}, Field({inside})]" if inside else item.text
            extra = frozenset({"from pydantic import Field", "from typing import Annotated"}) if inside else frozenset()
            return Typed(f"list[{text}]", item.imports | extra)
        name = _FORMATS.get(str(schema.get("format")), "str") if kind == "string" else _TYPES.get(kind, "str")
        return Typed(name, frozenset({_IMPORTS[name]}) if name in _IMPORTS else frozenset())

    def constraints(self, schema: Schema) -> str:
        """Keyword arguments that say the schema's bounds: `ge=1, le=100`."""
        target = bounded(self._contract.resolve(schema))
        choices = [one for one in target.get("anyOf", ()) if one != {"type": "null"}]
        if len(choices) == 1:
            return self.constraints(choices[0])
        kinds = target.get("type")
        types = [kinds] if isinstance(kinds, str) else [one for one in kinds or () if one != "null"]
        told = [
            f"{_CONSTRAINTS[key]}={_constant(target[key])}"
            for kind in types
            for key in _OF_TYPE.get(str(kind), ())
            if key in target and not isinstance(target[key], bool)
        ]
        if "enum" in target or "const" in target:
            told = []
        form = target.get("format")
        if "string" in types and form and form not in _FORMATS:
            told.append(f"json_schema_extra={{'format': {literal(str(form))}}}")
        return ", ".join(told)

    def default(self, schema: Schema, typed: Typed) -> str | None:
        """The schema's default as source, None when it has none that can stand there."""
        value = self._contract.resolve(schema).get("default")
        if value is None:
            return None
        member = self._schemas.members.get(typed.text, {}).get(value) if isinstance(value, str | int) else None
        if member:
            return f"{typed.text}.{member}"
        if isinstance(value, bool | int | float) or (isinstance(value, str) and _is_textual(typed.text)):
            return _constant(value)
        return None

    def parameter(self, parameter: Parameter, names: Names) -> PlannedParameter:
        """The parameter as the route and the service spell it."""
        name = names.take(snake(parameter.name, fallback="parameter"))
        typed = self.of(parameter.schema)
        default = None if parameter.required else self.default(parameter.schema, typed)
        inner = typed if parameter.required or default is not None else typed.optional()
        marker = self._marker(parameter, name)
        kind = parameter.location.capitalize()
        return PlannedParameter(
            name=name,
            original=parameter.name,
            location=parameter.location,
            inner=inner,
            marker=f"{kind}({marker})",
            default=None if parameter.required else default or "None",
            description=one_line(parameter.description),
            imports=inner.imports | {f"from fastapi import {kind}", "from typing import Annotated"},
        )

    def _marker(self, parameter: Parameter, name: str) -> str:
        alias = parameter.name if parameter.location != "path" else path_name(parameter.name)
        spelt = [f"alias={literal(alias)}"] if alias != name or parameter.location == "header" else []
        if parameter.location == "header" and "_" in alias:
            spelt.append("convert_underscores=False")
        bounds = self.constraints(parameter.schema)
        described = [f"description={literal(one_line(parameter.description))}"] if parameter.description else []
        return ", ".join([*spelt, *([bounds] if bounds else []), *described])


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
