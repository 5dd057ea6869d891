"""A typed client before it is written in a language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PlainKind = Literal["string", "integer", "number", "boolean", "null", "bytes", "unknown"]
Value = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Plain:
    """A value without parts."""

    kind: PlainKind


@dataclass(frozen=True, slots=True)
class Values:
    """One of these."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A declared type."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    item: Type


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with any keys."""

    value: Type


@dataclass(frozen=True, slots=True)
class Union:
    """One of several types."""

    parts: tuple[Type, ...]


type Type = Plain | Values | Named | ListOf | MapOf | Union


@dataclass(frozen=True, slots=True)
class Field:
    """A property of an object."""

    name: str
    """As it stands in JSON."""
    type: Type
    required: bool


@dataclass(frozen=True, slots=True)
class Record:
    """An object with known properties."""

    name: str
    description: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """Another type with a name of its own."""

    name: str
    description: str
    type: Type


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter of a call."""

    name: str
    """As the document spells it."""
    location: Literal["path", "query", "header"]
    type: Type
    required: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """The body of a request."""

    kind: Literal["json", "form", "bytes"]
    media_type: str
    type: Type
    required: bool


@dataclass(frozen=True, slots=True)
class Call:
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    arguments: tuple[Argument, ...]
    body: Sent | None
    answer: Type


@dataclass(frozen=True, slots=True)
class Client:
    """A whole client."""

    title: str
    version: str
    base_path: str
    declarations: tuple[Record | Alias, ...]
    calls: tuple[Call, ...]

    @property
    def untyped(self) -> tuple[str, ...]:
        """Operations whose answer has a body that nothing is known of: `GET /books`."""
        nothing = Plain("unknown")
        loose = {one.name for one in self.declarations if isinstance(one, Alias) and one.type == nothing}
        untyped = (
            one
            for one in self.calls
            if one.answer == nothing or (isinstance(one.answer, Named) and one.answer.name in loose)
        )
        return tuple(f"{one.method} {one.path}" for one in untyped)
