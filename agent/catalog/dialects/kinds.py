"""The types of MySQL and SQLite as PostgreSQL's, and the values that columns take by themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from agent.catalog.dialects.detecting import Dialect

Kind = exp.DType


@dataclass(frozen=True, slots=True)
class Typed:
    """A type, and what was lost or decided on the way."""

    text: str
    change: str = ""
    choices: tuple[str, ...] = ()
    """The only texts that it takes."""
    unsigned: bool = False


_SAME: dict[exp.DType, str] = {
    Kind.SMALLINT: "smallint",
    Kind.TINYINT: "smallint",
    Kind.UTINYINT: "smallint",
    Kind.USMALLINT: "integer",
    Kind.MEDIUMINT: "integer",
    Kind.UMEDIUMINT: "integer",
    Kind.INT: "integer",
    Kind.UINT: "bigint",
    Kind.BIGINT: "bigint",
    Kind.UBIGINT: "bigint",
    Kind.FLOAT: "real",
    Kind.DOUBLE: "double precision",
    Kind.UDOUBLE: "double precision",
    Kind.BOOLEAN: "boolean",
    Kind.TEXT: "text",
    Kind.TINYTEXT: "text",
    Kind.MEDIUMTEXT: "text",
    Kind.LONGTEXT: "text",
    Kind.BLOB: "bytea",
    Kind.TINYBLOB: "bytea",
    Kind.MEDIUMBLOB: "bytea",
    Kind.LONGBLOB: "bytea",
    Kind.BINARY: "bytea",
    Kind.VARBINARY: "bytea",
    Kind.JSON: "jsonb",
    Kind.UUID: "uuid",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.YEAR: "smallint",
}
_UNSIGNED = frozenset(
    (Kind.UTINYINT, Kind.USMALLINT, Kind.UMEDIUMINT, Kind.UINT, Kind.UBIGINT, Kind.UDECIMAL, Kind.UDOUBLE)
)
_SIZED: dict[exp.DType, str] = {
    Kind.CHAR: "char",
    Kind.NCHAR: "char",
    Kind.VARCHAR: "varchar",
    Kind.NVARCHAR: "varchar",
    Kind.DECIMAL: "numeric",
    Kind.UDECIMAL: "numeric",
    Kind.BIGDECIMAL: "numeric",
}
_MOMENTS: dict[exp.DType, str] = {
    Kind.DATETIME: "timestamp",
    Kind.TIMESTAMP: "timestamp",
    Kind.TIMESTAMPNTZ: "timestamp",
    Kind.TIMESTAMPTZ: "timestamptz",
    Kind.TIMESTAMPLTZ: "timestamptz",
}
_WHOLE = frozenset((Kind.SMALLINT, Kind.TINYINT, Kind.MEDIUMINT, Kind.INT, Kind.BIGINT, Kind.UBIGINT, Kind.INT128))


def typed(kind: exp.DataType | None, dialect: Dialect) -> Typed | None:
    """PostgreSQL's type; None where there is none that holds the same values."""
    if kind is None:
        return Typed("text", "a column without a type became text")
    of = kind.this
    sizes = [one.name for one in kind.expressions]
    if dialect == "sqlite":
        return _of_sqlite(of, kind) or _common(of, sizes)
    return _of_mysql(of, sizes, kind) or _common(of, sizes)


def _of_mysql(of: exp.DType, sizes: list[str], kind: exp.DataType) -> Typed | None:
    if of in (Kind.TINYINT, Kind.UTINYINT) and sizes == ["1"]:
        return Typed("boolean", "tinyint(1) became boolean")
    if of is Kind.BIT:
        return Typed("boolean", "bit(1) became boolean") if sizes in ([], ["1"]) else Typed(f"bit({sizes[0]})")
    if of is Kind.ENUM:
        choices = tuple(str(one.this) for one in kind.expressions)
        return Typed("text", "an enum became text with a check", choices)
    if of is Kind.SET:
        return Typed("text", "a set became text; its members are not checked")
    if of is Kind.FLOAT and len(sizes) == 2:
        return Typed(f"numeric({', '.join(sizes)})")
    return None


def _of_sqlite(of: exp.DType, kind: exp.DataType) -> Typed | None:
    if of in _WHOLE:
        return Typed("bigint")
    if of is Kind.FLOAT:
        return Typed("double precision")
    if of is Kind.USERDEFINED:
        return Typed(_affinity(kind.name or kind.sql()), f"type {kind.sql()} was read by its affinity")
    return None


def _affinity(name: str) -> str:
    """https://www.sqlite.org/datatype3.html, section 3.1."""
    said = name.upper()
    found = (
        ("bigint", ("INT",)),
        ("text", ("CHAR", "CLOB", "TEXT")),
        ("bytea", ("BLOB",)),
        ("double precision", ("REAL", "FLOA", "DOUB")),
    )
    return next((type_ for type_, marks in found if any(mark in said for mark in marks)), "numeric")


def _common(of: exp.DType, sizes: list[str]) -> Typed | None:
    unsigned = of in _UNSIGNED
    if of in _MOMENTS:
        return Typed(f"{_MOMENTS[of]}({sizes[0]})" if sizes else _MOMENTS[of])
    if of in _SIZED:
        return Typed(f"{_SIZED[of]}({', '.join(sizes)})" if sizes else _SIZED[of], unsigned=unsigned)
    if of in _SAME:
        return Typed(_SAME[of], unsigned=unsigned)
    return None


_NOW = re.compile(
    r"(?:current_timestamp|current_date|current_time|localtime|localtimestamp|now)(?:\(\d?\))?"
    r"|(?:datetime|date|time|strftime|julianday)\(.*'now'.*\)"
)
_RANDOM_TEXT = "lower(hex(randomblob(16)))"
"""SQLite's usual way to make up an id."""


def default_of(value: exp.Expr, type_: str, dialect: Dialect, translate: Callable[[exp.Expr], str]) -> str | None:
    """The default as PostgreSQL writes it, empty for NULL; None where it has no counterpart."""
    value = value.unnest()
    said = value.sql(dialect).lower()
    if isinstance(value, exp.Null):
        return ""
    if type_ == "boolean" and (truth := _truth(said)):
        return truth
    if said.startswith("'0000-00-00"):
        return None
    if _NOW.fullmatch(said):
        return "CURRENT_DATE" if type_ == "date" else "CURRENT_TIMESTAMP"
    if said == "uuid()":
        return "gen_random_uuid()"
    if said == _RANDOM_TEXT:
        return "replace(gen_random_uuid()::text, '-', '')"
    if value.find(exp.Anonymous, exp.Func) is not None:
        return None
    text = translate(value)
    return text if isinstance(value, exp.Literal | exp.Neg | exp.Boolean) else f"({text})"


def _truth(said: str) -> str:
    return {"0": "false", "1": "true", "false": "false", "true": "true"}.get(said.removeprefix("b").strip("'"), "")
