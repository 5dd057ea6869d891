"""Schemas read as shapes: which properties there are, once references, `allOf` and null alternatives are followed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.contract.model import Contract, Schema
from agent.contract.needs import needs_of


@dataclass(frozen=True, slots=True)
class Shape:
    """What a schema allows, as far as the binding looks at it."""

    types: frozenset[str] = frozenset()
    """JSON types without `null`; empty when the schema does not say."""
    nullable: bool = False
    format: str = ""
    values: tuple[Any, ...] = ()
    """The allowed values without null, where they are listed."""
    properties: Mapping[str, Schema] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Schema | None = None
    name: str = ""
    """Name of the shared schema it came from; empty for one written in place."""
    schema: Schema = field(default_factory=dict)
    """Everything else that it says, `allOf` merged."""
    several: bool = False
    """Alternatives of different shapes (`oneOf`, `anyOf`)."""

    @property
    def is_object(self) -> bool:
        """True for an object with named properties."""
        return bool(self.properties) and self.types <= {"object"} and not self.several

    @property
    def needs(self) -> tuple[tuple[str, ...], ...]:
        """An object whose alternatives are nothing but names of its properties: all of one list must be there."""
        plain = self.types <= {"object"} and not {"allOf", "oneOf"} & set(self.schema)
        return needs_of(self.schema) if plain else ()

    @property
    def is_array(self) -> bool:
        """True for a list."""
        return self.types == {"array"} and not self.several

    @property
    def only(self) -> str | bool | int | None:
        """The only value that it allows, None when it allows several, or null."""
        value = self.values[0] if len(self.values) == 1 and not self.nullable else None
        return value if isinstance(value, str | bool | int) else None

    @property
    def has_default(self) -> bool:
        """True when a value stands in for a missing one (null does not count)."""
        return self.schema.get("default") is not None

    @property
    def default(self) -> Any:
        """The value that stands in for a missing one."""
        return self.schema.get("default")


def shape(contract: Contract, schema: Schema | bool) -> Shape:
    """The shape of a schema; true, which a property may be, is any value."""
    if isinstance(schema, bool):
        return Shape(schema={} if schema else {"not": {}}, several=not schema)
    return _shape(contract, schema, ())


def _shape(contract: Contract, schema: Schema, seen: tuple[str, ...]) -> Shape:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        target: Shape = Shape()
        if reference not in seen:
            name = reference.rsplit("/", 1)[-1]
            target = replace(_shape(contract, contract.schemas.get(name, {}), (*seen, reference)), name=name)
        return _merge([target, _shape(contract, siblings, seen)]) if siblings else target
    own = _own(schema)
    parts = [_shape(contract, part, seen) for part in _schemas(schema.get("allOf"))]
    merged = _merge([*parts, own]) if parts else own
    for keyword in ("anyOf", "oneOf"):
        alternatives = [_shape(contract, part, seen) for part in _schemas(schema.get(keyword))]
        if alternatives:
            merged = _merge([_alternative(alternatives), merged])
    return merged


def _own(schema: Schema) -> Shape:
    stated = schema.get("type")
    types = {stated} if isinstance(stated, str) else set(stated) if isinstance(stated, list) else set()
    values = [schema["const"]] if "const" in schema else schema.get("enum") or []
    properties = schema.get("properties")
    items = schema.get("items")
    return Shape(
        types=frozenset(types - {"null"}) or frozenset({"object"} if isinstance(properties, Mapping) else ()),
        nullable="null" in types or None in values,
        format=str(schema.get("format", "")),
        values=tuple(value for value in values if value is not None),
        properties=dict(properties) if isinstance(properties, Mapping) else {},
        required=frozenset(schema.get("required") or ()),
        items=items if isinstance(items, Mapping) else None,
        schema=schema,
        several=len(types - {"null"}) > 1,
    )


def _merge(shapes: Iterable[Shape]) -> Shape:
    result = Shape()
    for one in shapes:
        result = Shape(
            types=one.types or result.types,
            nullable=one.nullable or (result.nullable and not one.types),
            format=one.format or result.format,
            values=one.values or result.values,
            properties={**result.properties, **one.properties},
            required=result.required | one.required,
            items=one.items or result.items,
            name=one.name or result.name,
            schema={**result.schema, **one.schema},
            several=one.several or result.several,
        )
    return result


def _alternative(alternatives: list[Shape]) -> Shape:
    real = [one for one in alternatives if not _is_null(one)]
    nullable = len(real) < len(alternatives) or any(one.nullable for one in real)
    if len(real) == 1:
        return replace(real[0], nullable=nullable)
    types = frozenset[str]().union(*(one.types for one in real))
    return Shape(types=types, nullable=nullable, several=True)


def _is_null(one: Shape) -> bool:
    return one.schema.get("type") == "null" or ("const" in one.schema and one.schema["const"] is None)


def _schemas(value: object) -> list[Schema]:
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list) else []
