"""Assertions that an answer says what is stored, and that what was sent is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agent.binding.model import Bound, Field
from agent.catalog.model import Column, Table
from agent.stacks.python_fastapi.project.columns import ordered_columns
from agent.stacks.python_fastapi.project.shape import Shape, written
from agent.stacks.python_fastapi.project.source import Code, literal

_EQUAL_AS_THEY_ARE = {
    "string": ("varchar", "text", "bpchar", "citext", "name"),
    "integer": ("int2", "int4", "int8"),
    "number": ("int2", "int4", "int8", "float4", "float8"),
    "boolean": ("bool",),
}


def filled(shape: Shape, table: Table, columns: set[str]) -> dict[str, Code]:
    """Values for those of the columns that may be null, so that an answer is compared with more than nothing."""
    ordered = {name for pair in ordered_columns(table) for name in pair}
    mark = shape.binding.marks.get(table.name)
    ordered |= set(mark.columns) if mark else set()
    return {
        column.name: shape.values.code(column, shape.values.of_column(table, column, 1))
        for column in table.columns
        if column.name in columns - ordered and column.nullable and written(column) and not _refers(table, column.name)
    }


def shown(shape: Shape, bound: Bound, answer: str, row: str, given: Mapping[str, Code]) -> Iterator[str]:
    """`assert data["title"] == book["title"]` for every property of the answer that stands for a column.

    Columns that may be null are null unless they were `given` a value.
    """
    table = shape.table(bound.table)
    properties = shape.answered(bound)
    for field in bound.answer:
        column = table.column(field.column)
        if field.embedded is None and column is not None and not field.secret:
            got = f"{answer}[{literal(field.property)}]"
            stored = f"{row}[{literal(column.name)}]"
            comparison = _comparison(column, _kind(shape, properties.get(field.property, {})), got, stored)
            if column.nullable and column.default is None and column.name not in given:
                comparison = "" if field.absent_when_null or column.generated else f"{got} is None"
            if comparison:
                yield f"assert {comparison}"


def echoed(shape: Shape, bound: Bound, answer: str, body: Mapping[str, Any]) -> Iterator[str]:
    """`assert data["title"] == body["title"]` for what the answer must repeat of the body."""
    properties = shape.answered(bound)
    sent = {field.column: field for field in bound.body if field.property in body and not field.secret}
    for field in bound.answer:
        source = sent.get(field.column)
        if source is None or field.secret or source.conversion != field.conversion:
            continue
        if field.embedded is not None:
            yield from _echoed_reference(field, source, answer)
        elif _repeats(shape, bound, source, properties.get(field.property, {})):
            yield f"assert {answer}[{literal(field.property)}] == body[{literal(source.property)}]"


def stored(shape: Shape, bound: Bound, body: Mapping[str, Any]) -> Iterator[str]:
    """`assert stored["price_cents"] == 110` for what was sent as plain values."""
    table = shape.table(bound.table)
    for field in bound.body:
        column = table.column(field.column)
        if column is None or field.property not in body or field.embedded:
            continue
        name = f"stored[{literal(column.name)}]"
        value = body[field.property]
        if field.secret:
            yield f'assert {name}.startswith("$argon2")'
        elif isinstance(value, Code):
            yield f"assert {_as_json(column, name)} == body[{literal(field.property)}]"
        elif value is None:
            yield f"assert {name} is None"
        elif column.base_type not in ("json", "jsonb", "timestamp", "interval", "float4", "inet", "cidr"):
            expected = shape.values.code(column, value)
            name = f"tuple({name})" if column.array else name
            yield f"assert {name} is {expected}" if isinstance(value, bool) else f"assert {name} == {expected}"


def selected(columns: list[str], table: Table, condition: str) -> str:
    """The statement that reads these columns of one row."""
    return f"SELECT {', '.join(quoted(name) for name in columns)} FROM {quoted_table(table.name)} WHERE {condition}"


def quoted(name: str) -> str:
    """The name as it stands in SQL: with quotes only where it needs them."""
    from pglast.keywords import RESERVED_KEYWORDS, TYPE_FUNC_NAME_KEYWORDS

    plain = name.isascii() and name.isidentifier() and name == name.lower()
    reserved = name in RESERVED_KEYWORDS or name in TYPE_FUNC_NAME_KEYWORDS
    return name if plain and not reserved else '"' + name.replace('"', '""') + '"'


def quoted_table(name: str) -> str:
    """The same for a table's name, which may carry its schema."""
    return ".".join(quoted(part) for part in name.split("."))


def _refers(table: Table, column: str) -> bool:
    return any(column in key.columns for key in table.foreign_keys)


def _kind(shape: Shape, schema: Mapping[str, Any]) -> str:
    resolved = shape.contract.resolve(schema)
    for branch in (*resolved.get("anyOf", ()), *resolved.get("oneOf", ()), *resolved.get("allOf", ())):
        kind = _kind(shape, branch)
        if kind != "null":
            return kind
    kinds = resolved.get("type", "string" if "enum" in resolved else "")
    return next((kind for kind in kinds if kind != "null"), "") if isinstance(kinds, list) else str(kinds)


def _comparison(column: Column, kind: str, got: str, stored: str) -> str:
    if column.array:
        return f"{got} == {stored}" if kind == "array" and column.base_type in ("text", "varchar", "int4") else ""
    if column.enum or column.base_type in _EQUAL_AS_THEY_ARE.get(kind, ()):
        return f"{got} == {stored}"
    match kind, column.base_type:
        case "string", ("uuid" | "int2" | "int4" | "int8"):
            return f"{got} == str({stored})"
        case "string", "date":
            return f"{got} == {stored}.isoformat()"
        case "string", "timestamptz":
            return f"datetime.fromisoformat({got}) == {stored}"
        case (("number" | "string"), "numeric"):
            return f"Decimal(str({got})) == {stored}"
    return ""


def _repeats(shape: Shape, bound: Bound, source: Field, shown_as: Mapping[str, Any]) -> bool:
    schema = shape.body_schema(bound)
    sent_as = shape.properties(schema or {}).get(source.property, {})
    column = shape.table(bound.table).column(source.column)
    moment = column is not None and column.base_type in ("timestamptz", "timestamp", "interval", "time", "timetz")
    return _kind(shape, sent_as) == _kind(shape, shown_as) and not moment


def _echoed_reference(field: Field, source: Field, answer: str) -> Iterator[str]:
    embedded = field.embedded
    if embedded is None or embedded.many:
        return
    for inner in embedded.fields:
        if (inner.column,) == embedded.columns:
            shown_id = f"{answer}[{literal(field.property)}][{literal(inner.property)}]"
            yield f"assert {shown_id} == body[{literal(source.property)}]"


def _as_json(column: Column, expression: str) -> str:
    return f"str({expression})" if column.base_type == "uuid" else expression
