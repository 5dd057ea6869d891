"""Readable example values: for a JSON Schema, and for a column of the database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator

from agent.binding.model import Field
from agent.binding.words import words
from agent.catalog.model import Catalog, Column, Table
from agent.contract.model import Contract, Schema
from agent.contract.sample import Unsatisfiable, sample
from agent.stacks.python_fastapi.project.columns import column_schema, narrow, ordered_columns
from agent.stacks.python_fastapi.project.source import Code, literal

_DAY = date(2024, 1, 1)
_HOUR = datetime(2024, 1, 1, 12, tzinfo=UTC)


_DEEPEST = 6


class Values:
    """Example values that keep to the contract's schemas and to the database's types and simple checks."""

    def __init__(
        self, contract: Contract, catalog: Catalog, properties: Mapping[tuple[str, str], tuple[Schema, ...]]
    ) -> None:
        """`properties`: table and column → schemas of what is stored there."""
        self._contract = contract
        self._catalog = catalog
        self._properties = properties

    def of_schema(self, schema: Schema, name: str, number: int, depth: int = 0) -> Any:
        """The `number`-th value of the schema, counted from 1; different ones where the schema allows it.

        `depth`: how many values it stands in. Schemas may contain themselves; at some depth, lists end.
        """
        plain = self._plain(schema)
        value = self._readable(plain, name, number, depth)
        valid = Draft202012Validator({**plain, "components": {"schemas": self._contract.schemas}}).is_valid(value)
        return value if valid else self._sampled(plain, number, value)

    def _sampled(self, schema: Schema, number: int, otherwise: Any) -> Any:
        """A value of the schema; where contract and database leave none, tests are written with one that breaks it."""
        try:
            return sample(self._contract, schema, seed=number)
        except Unsatisfiable:
            return otherwise

    def of_property(self, schema: Schema, field: Field, table: Table | None, number: int) -> Any:
        """The same for a property of a body, which must also fit the column behind it."""
        column = table.column(field.column) if table else None
        if table is None or column is None or field.secret:
            return self.of_schema(schema, field.property, number)
        if field.conversion == "text":
            return self._printed(schema, table, column, number)
        both = dict(self._plain(schema))
        narrow(both, _without_type(column_schema(self._catalog, table, column), both))
        return self.of_schema(both, field.property, number + _rank(table, column))

    def _printed(self, schema: Schema, table: Table, column: Column, number: int) -> str:
        """The column's value as the database prints it: an exact decimal with all its places."""
        plain = self._plain(schema)
        value = self.of_column(table, column, number)
        places = column.numeric_scale if column.base_type == "numeric" else None
        text = str(value) if places is None else f"{Decimal(str(value)):.{places}f}"
        fits = "pattern" not in plain or re.search(plain["pattern"], text)
        return text if fits else str(self._sampled(plain, number, text))

    def of_column(self, table: Table, column: Column, number: int) -> Any:
        """The same for a column, as JSON: dates and UUIDs are strings."""
        return self.of_schema(self.schema_of(table, column), column.name, number + _rank(table, column))

    def schema_of(self, table: Table, column: Column) -> dict[str, Any]:
        """What the database and every property that the column stands for ask of a value."""
        known = [self._plain(one) for one in self._properties.get((table.name, column.name), ())]
        document = column.base_type in ("json", "jsonb") and not column.array
        if document and known:
            return dict(known[0])  # the database takes any document, the contract says which
        schema = column_schema(self._catalog, table, column)
        for one in known:
            narrow(schema, _without_type(one, schema))
        return schema

    def code(self, column: Column, value: Any) -> Code:
        """The JSON value as the Python value that asyncpg takes for the column."""
        return Code(_python(column, value))

    def _plain(self, schema: Schema) -> Schema:
        """Without references, `null` and alternatives at the top."""
        plain = dict(self._contract.resolve(schema))
        for keyword in ("allOf", "anyOf", "oneOf"):
            branches = plain.pop(keyword, None) or ()
            fitting = [branch for branch in map(self._plain, branches) if branch.get("type") != "null"]
            for branch in fitting if keyword == "allOf" else fitting[:1]:
                plain = {**branch, **plain}
        if isinstance(plain.get("type"), list):
            kinds = [kind for kind in plain["type"] if kind != "null"]
            plain["type"] = kinds[0] if kinds else "null"
        if isinstance(plain.get("enum"), list):
            plain["enum"] = [value for value in plain["enum"] if value is not None] or [None]
        return plain

    def _readable(self, schema: Schema, name: str, number: int, depth: int) -> Any:
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][(number - 1) % len(schema["enum"])]
        match schema.get("type"):
            case "boolean":
                return number % 2 == 1
            case "integer" | "number":
                return _number(schema, number)
            case "array":
                deep = depth > _DEEPEST
                return [] if deep else [self.of_schema(schema.get("items", {}), name, number, depth + 1)]
            case "object":
                return self._object(schema, number, depth)
            case "string" | None if "pattern" not in schema:
                return _text(schema, name, number)
        return None

    def _object(self, schema: Schema, number: int, depth: int) -> Mapping[str, Any]:
        properties = schema.get("properties", {}) if depth <= _DEEPEST else {}
        return {
            key: self.of_schema(properties[key], key, number, depth + 1)
            for key in properties
            if not self._contract.resolve(properties[key]).get("readOnly") and key in schema.get("required", ())
        }


def distinct(catalog: Catalog, values: Values, table: Table, column: Column) -> tuple[Any, Any] | None:
    """Two different values of the column in the order the database sorts them; None when there is only one."""
    first = values.of_column(table, column, 1)
    enum = catalog.enum(column.enum) if column.enum else None
    for number in range(2, 6):
        second = values.of_column(table, column, number)
        if second != first and isinstance(second, str | int | float):
            low, high = sorted((first, second), key=enum.values.index if enum else None)
            return low, high
    return None


def _without_type(schema: Schema, other: Schema) -> dict[str, Any]:
    """The keywords that narrow; a format or pattern of its own, only where the other has none."""
    kept = {key: value for key, value in schema.items() if key not in ("type", "default", "nullable", "items")}
    return {key: value for key, value in kept.items() if key not in ("format", "pattern") or key not in other}


def _rank(table: Table, column: Column) -> int:
    """How many columns a CHECK constraint wants below this one, so that later columns get later values."""
    return sum(1 for _, above in ordered_columns(table) if above == column.name)


def _number(schema: Schema, number: int) -> Any:
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    high = schema.get("maximum", schema.get("exclusiveMaximum", low + 1_000_001) - 1)
    step = schema.get("multipleOf", 1)
    for value in (10 * number * step, number * step):
        if low <= value <= high:
            return value
    return low + (number - 1) % max(int(high - low) + 1, 1)


def _text(schema: Schema, name: str, number: int) -> Any:
    longest, shortest = schema.get("maxLength", 200), schema.get("minLength", 0)
    match schema.get("format"):
        case "uuid":
            return f"00000000-0000-4000-8000-{number:012d}"
        case "date":
            return (_DAY + timedelta(days=number)).isoformat()
        case "date-time":
            return (_HOUR + timedelta(days=number)).isoformat().replace("+00:00", "Z")
        case "time":
            return f"{number % 24:02d}:00:00"
        case "email" | "idn-email":
            return f"person{number}@example.com"
        case "uri" | "url" | "iri":
            return f"https://example.com/{number}"
        case "ipv4":
            return f"192.0.2.{number % 256}"
        case "ipv6":
            return f"2001:db8::{number:x}"
        case "password":
            return f"Correct-horse-{number}-battery"[:longest].ljust(shortest, "x")
        case None | "":
            text = f"{' '.join(words(name)).capitalize()} {number}"
            fitting = text if len(text) <= longest else str(number).rjust(min(longest, 3), "a")[-longest:]
            return fitting.ljust(shortest, "x")
    return None


def _python(column: Column, value: Any) -> str:
    if value is None:
        return "None"
    if column.array:
        element = replace(column, array=False)
        return "(" + "".join(f"{_python(element, one)}, " for one in value) + ")"
    match column.base_type:
        case "uuid":
            return f"UUID({literal(value)})"
        case "date":
            day = date.fromisoformat(value)
            return f"date({day.year}, {day.month}, {day.day})"
        case "timestamptz" | "timestamp":
            zone = ", tzinfo=UTC" if column.base_type == "timestamptz" else ""
            moment = datetime.fromisoformat(value)
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
            return f"datetime({moment.year}, {moment.month}, {moment.day}, {moment.hour}, {moment.minute}{zone})"
        case "time" | "timetz":
            return f"time.fromisoformat({literal(value)})"
        case "interval":
            return "timedelta(hours=1)"
        case "numeric":
            return f'Decimal("{value}")'
        case "json" | "jsonb":
            return f"json.dumps({literal(value)})"
        case "bytea":
            return f"{literal(str(value))}.encode()"
        case "float4" | "float8":
            return literal(float(value))
    return literal(value)
