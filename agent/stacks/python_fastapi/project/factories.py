"""`tests/factories.py`: one function a table that stores a row, with the rows it cannot be without."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from agent.catalog.model import Column, ForeignKey, Table
from agent.stacks.python_fastapi.project.comparing import quoted, quoted_table
from agent.stacks.python_fastapi.project.imports import imports_of
from agent.stacks.python_fastapi.project.rendering import render
from agent.stacks.python_fastapi.project.shape import Shape, written
from agent.stacks.python_fastapi.project.source import Code, identifier, literal

_DISTINCT = 8
"""So many rows of a table get different values in its unique columns before they repeat."""
_WIDTH = 92
_TYPES = {
    "uuid": "UUID",
    "bool": "bool",
    "date": "date",
    "timestamptz": "datetime",
    "timestamp": "datetime",
    "time": "time",
    "timetz": "time",
    "interval": "timedelta",
    "numeric": "Decimal",
    "float4": "float",
    "float8": "float",
    "int2": "int",
    "int4": "int",
    "int8": "int",
    "bytea": "bytes",
}

_CONSTANT = re.compile(r"('[^']*'|-?\d[\d.]*)(::[\w ]+)?$")
"""A default that is the same for each row."""


@dataclass(frozen=True)
class _Parameter:
    """One column as a parameter of the factory."""

    name: str
    type: str
    default: str
    column: str
    value: str
    """What stands in VALUES: `$3`, or `COALESCE($3, now())` where the database has a default."""
    constant: str = ""
    """What the name in `default` stands for: a call that ruff wants to have made once; empty for all others."""


@dataclass(frozen=True)
class _Parent:
    """A row that is made when none is given."""

    parameter: str
    function: str
    column: str


@dataclass(frozen=True)
class _Factory:
    """One factory function."""

    function: str
    table: str
    parameters: tuple[_Parameter, ...]
    parents: tuple[_Parent, ...]
    cycles: tuple[tuple[str, str, str], ...]
    """Parameter, constant, the constant's values."""
    statement: str


def factories_file(shape: Shape) -> str:
    """The text of `tests/factories.py`."""
    factories = [_factory(shape, table) for table in shape.catalog.tables]
    body = render("tests/factories.py.jinja", factories=factories)
    return render("tests/module.py.jinja", docstring=_DOCSTRING, imports=imports_of(body), body=body)


_DOCSTRING = "Functions that store one row each; what a row cannot be without is stored with it."


def _factory(shape: Shape, table: Table) -> _Factory:
    columns = [column for column in table.columns if written(column)]
    parameters = tuple(_parameter(shape, table, column, number) for number, column in enumerate(columns, 1))
    return _Factory(
        function=f"make_{shape.row_name(table.name)}",
        table=table.name,
        parameters=parameters,
        parents=tuple(_parents(shape, table, columns)),
        cycles=tuple(_cycles(shape, table, columns)),
        statement=_statement(table, parameters),
    )


def _parameter(shape: Shape, table: Table, column: Column, number: int) -> _Parameter:
    kind = _TYPES.get(column.base_type, "str") if not column.enum else "str"
    kind = f"Sequence[{kind}]" if column.array else kind
    value, default = f"${number}", "None"
    if column.default is not None and column not in varying(table):
        value, kind = f"COALESCE(${number}, {column.default})", f"{kind} | None"
    elif column.nullable or _mandatory_key(shape, table, column) or column in varying(table):
        kind = f"{kind} | None"
    else:
        default = str(shape.values.code(column, shape.values.of_column(table, column, 1)))
    constant = default if default.startswith(("UUID(", "json.dumps(")) else ""
    if constant:
        default = f"{shape.row_name(table.name)}_{identifier(column.name)}".upper()
    return _Parameter(identifier(column.name), kind, default, column.name, value, constant)


def _mandatory_key(shape: Shape, table: Table, column: Column) -> ForeignKey | None:
    """The foreign key that makes a parent necessary, unless the parent is the table itself."""
    for key in table.foreign_keys:
        if key.columns[0] == column.name and len(key.columns) == 1 and not column.nullable:
            known = shape.catalog.table(key.table)
            return key if known is not None and known is not table and column.default is None else None
    return None


def _parents(shape: Shape, table: Table, columns: list[Column]) -> Iterator[_Parent]:
    for column in columns:
        key = _mandatory_key(shape, table, column)
        if key is not None:
            yield _Parent(identifier(column.name), f"make_{shape.row_name(key.table)}", literal(key.referenced[0]))


def varying(table: Table) -> list[Column]:
    """Columns that must differ from row to row, because a key without a default of its own for each row holds them."""
    keys = [table.primary_key, *(unique.columns for unique in table.uniques)]
    keys += [index.columns for index in table.indexes if index.unique]
    names = {name for key in keys for name in key}
    alone = {key[0] for key in keys if len(key) == 1}
    referring = {name for key in table.foreign_keys for name in key.columns}
    found = []
    for column in table.columns:
        repeated = column.default is not None and column.name in alone and _CONSTANT.match(column.default)
        free = column.name in names - referring and not column.nullable and (column.default is None or repeated)
        if free and written(column) and column.base_type != "bool":
            found.append(column)
    return found


def _cycles(shape: Shape, table: Table, columns: list[Column]) -> Iterator[tuple[str, str, str]]:
    for column in columns:
        if column in varying(table) and _mandatory_key(shape, table, column) is None:
            values = [shape.values.of_column(table, column, number) for number in range(1, _DISTINCT + 1)]
            codes = [Code(str(shape.values.code(column, value))) for value in values]
            constant = f"{shape.row_name(table.name)}_{identifier(column.name)}s".upper()
            yield identifier(column.name), constant, literal(codes)


def _statement(table: Table, parameters: tuple[_Parameter, ...]) -> str:
    """The INSERT, over several lines."""
    answered = ", ".join(quoted(column.name) for column in table.columns)
    if not parameters:
        return f"    INSERT INTO {quoted_table(table.name)} DEFAULT VALUES\n{_lines('RETURNING ' + answered)}"
    columns = ", ".join(quoted(one.column) for one in parameters)
    values = ", ".join(one.value for one in parameters)
    parts = (f"INSERT INTO {quoted_table(table.name)} ({columns})", f"VALUES ({values})", f"RETURNING {answered}")
    return "\n".join(_lines(part) for part in parts)


def _lines(text: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent="    ",
        subsequent_indent="        ",
        break_long_words=False,
        break_on_hyphens=False,
    )
