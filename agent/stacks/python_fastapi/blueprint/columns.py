"""Columns in SQL and in Python: how they are written, read, compared and typed."""

from __future__ import annotations

import re

from agent.binding.model import Conversion
from agent.catalog.model import Column
from agent.stacks.python_fastapi.blueprint.annotations import Typed

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_KEYWORDS = frozenset(
    [
        "all",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "authorization",
        "between",
        "bigint",
        "binary",
        "bit",
        "boolean",
        "both",
        "case",
        "cast",
        "char",
        "character",
        "check",
        "coalesce",
        "collate",
        "collation",
        "column",
        "concurrently",
        "constraint",
        "create",
        "cross",
        "current_catalog",
        "current_date",
        "current_role",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "dec",
        "decimal",
        "default",
        "deferrable",
        "desc",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "exists",
        "extract",
        "false",
        "fetch",
        "float",
        "for",
        "foreign",
        "freeze",
        "from",
        "full",
        "grant",
        "greatest",
        "group",
        "grouping",
        "having",
        "ilike",
        "in",
        "initially",
        "inner",
        "inout",
        "int",
        "integer",
        "intersect",
        "interval",
        "into",
        "is",
        "isnull",
        "join",
        "json",
        "lateral",
        "leading",
        "least",
        "left",
        "like",
        "limit",
        "localtime",
        "localtimestamp",
        "national",
        "natural",
        "nchar",
        "none",
        "normalize",
        "not",
        "notnull",
        "null",
        "nullif",
        "numeric",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "out",
        "outer",
        "overlaps",
        "overlay",
        "placing",
        "position",
        "precision",
        "primary",
        "real",
        "references",
        "returning",
        "right",
        "row",
        "select",
        "session_user",
        "setof",
        "similar",
        "smallint",
        "some",
        "substring",
        "symmetric",
        "system_user",
        "table",
        "tablesample",
        "then",
        "time",
        "timestamp",
        "to",
        "trailing",
        "treat",
        "trim",
        "true",
        "union",
        "unique",
        "user",
        "using",
        "values",
        "varchar",
        "variadic",
        "verbose",
        "when",
        "where",
        "window",
        "with",
    ]
)
_PYTHON = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), "int"),
    **dict.fromkeys(("float4", "float8"), "float"),
    "numeric": "Decimal",
    "bool": "bool",
    "uuid": "UUID",
    "date": "date",
    **dict.fromkeys(("time", "timetz"), "time"),
    **dict.fromkeys(("timestamp", "timestamptz"), "datetime"),
    "interval": "timedelta",
    "bytea": "bytes",
    **dict.fromkeys(("json", "jsonb"), "Any"),
}
_OF_CONVERSION = {
    "number": "float",
    "integer": "int",
    "whole": "float",
    "text": "str",
    "date": "date",
    "utc": "datetime",
}
_LARGEST = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**53}
"""The largest whole number of the type that a float tells from the next one."""
_IMPORTS = {
    "Decimal": "from decimal import Decimal",
    "UUID": "from uuid import UUID",
    **{name: f"from datetime import {name}" for name in ("date", "datetime", "time", "timedelta")},
    "Any": "from typing import Any",
}


def quoted(name: str) -> str:
    """The identifier as it stands in SQL; in quotes only where it must."""
    bare = _PLAIN.fullmatch(name) and name not in _KEYWORDS
    return name if bare else '"' + name.replace('"', '""') + '"'


def quoted_table(name: str) -> str:
    """A table's name with its schema, where it has one."""
    return ".".join(quoted(part) for part in name.split(".", 1))


def read(column: Column, conversion: Conversion, spot: str) -> str:
    """The SQL expression that reads the column at `spot` (`books.price`) as the contract wants it."""
    many = "[]" if column.array else ""
    match conversion:
        case "number":
            return f"{spot}::float8{many}"
        case "integer":
            return f"{spot}::int8{many}"
        case "text":
            if column.base_type == "inet" and not column.array:
                return f"concat('', {spot})" if not column.nullable else f"nullif(concat('', {spot}), '')"
            return f"{spot}::text{many}"
        case "date" if column.base_type == "timestamptz":
            return f"({spot} AT TIME ZONE 'UTC')::date"
        case "date":
            return f"{spot}::date"
        case "utc":
            return f"{spot} AT TIME ZONE 'UTC'"
    return spot


def written(column: Column, conversion: Conversion, spot: str = "{}") -> str:
    """The SQL expression that turns a parameter at `spot` into the column's value."""
    many = "[]" if column.array else ""
    match conversion:
        case "number":
            return f"{spot}::float8{many}"
        case "integer":
            return f"{spot}::int8{many}"
        case "whole":
            within = f"value = trunc(value) AND abs(value) <= {_LARGEST[column.base_type]}"
            chosen = f"CASE WHEN {within} THEN value::{column.base_type} END"
            return f"(SELECT {chosen} FROM (SELECT {spot}::float8 AS value) AS given)"
        case "text":
            return f"{spot}::text{many}::{column.type}"
        case "date" if column.base_type == "timestamptz":
            return f"{spot}::date::timestamp AT TIME ZONE 'UTC'"
        case "date":
            return f"{spot}::date::timestamp"
        case "utc":
            return f"{spot}::timestamptz AT TIME ZONE 'UTC'"
        case "printed uuid" | "printed date" | "printed time":
            return f"{spot}::{conversion.removeprefix('printed ')}{many}::{column.type}"
        case "printed date-time" if not column.array:
            printed = f"to_char({spot}::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
            return f"replace(replace({printed}, ' ', 'T') || 'Z', '.000000Z', 'Z')"  # as Pydantic prints it
        case "printed date-time":
            return f"{spot}::timestamptz[]::{column.type}"
    return spot


def python_type(column: Column, conversion: Conversion, *, nullable: bool) -> Typed:
    """The Python type of the column's value as it is read."""
    name = _OF_CONVERSION.get(conversion) or ("str" if column.enum else _PYTHON.get(column.base_type, "str"))
    text = f"list[{name}]" if column.array else name
    imports = frozenset({_IMPORTS[name]}) if name in _IMPORTS else frozenset[str]()
    return Typed(f"{text} | None" if nullable and text != "Any" else text, imports)


TEXTS = frozenset({"text", "varchar", "bpchar", "char", "citext", "name"})
