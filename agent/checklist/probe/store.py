"""The database behind the service, as the prober looks into it: rows, and how they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed, Identifier, Placeholder

from agent.binding.model import Field
from agent.catalog.model import Catalog, Column, Table
from agent.catalog.rows import Fitted, SeedFailed, seed
from agent.checklist.probe.requests import plain
from agent.checklist.probe.values import same, to_json

_COMPARABLE = frozenset(
    {
        "bool", "int2", "int4", "int8", "numeric", "float4", "float8", "text", "varchar", "uuid", "citext",
        "date", "timestamp", "timestamptz", "json", "jsonb",
    }
)  # fmt: skip
"""Types whose JSON form everybody writes alike."""


class NoRow(Exception):
    """A row that an operation needs could neither be made through the API nor in the database."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the database."""

    table: Table
    values: Mapping[str, Any]

    @property
    def key(self) -> Mapping[str, Any]:
        """The primary key's columns; all columns where there is no primary key."""
        names = self.table.primary_key or tuple(self.values)
        return {name: self.values[name] for name in names}


@dataclass(slots=True)
class Store:
    """Rows of one database, through a connection of the prober's own."""

    connection: psycopg.Connection
    catalog: Catalog
    fitted: Fitted = field(default_factory=dict)
    """What rows hold that are written from below the service, where the schema alone would allow more."""

    def find(self, table: Table, values: Mapping[str, Any]) -> Row | None:
        """The first row with these values, None when there is none or a value is not of its column's type."""
        if not values:
            return None
        where = SQL(" AND ").join(
            SQL("{} IS NULL").format(Identifier(name))
            if value is None
            else SQL("{} = {}").format(Identifier(name), Placeholder(f"p{number}"))
            for number, (name, value) in enumerate(values.items())
        )
        wanted = {f"p{number}": _text(value) for number, value in enumerate(values.values()) if value is not None}
        rows = self._rows(SQL("SELECT * FROM {} WHERE {} LIMIT 1").format(_name(table), where), wanted)
        return Row(table, rows[0]) if rows else None

    def fresh(self, row: Row) -> Row | None:
        """The row as it is now, None when it is gone."""
        return self.find(row.table, row.key)

    def keys(self, table: Table) -> set[tuple[str, ...]]:
        """The primary keys of a table's rows, as text."""
        names = table.primary_key or tuple(column.name for column in table.columns)
        columns = SQL(", ").join(map(Identifier, names))
        rows = self._rows(SQL("SELECT {} FROM {}").format(columns, _name(table)), {})
        return {tuple(plain(to_json(row[name])) for name in names) for row in rows}

    def by_key(self, table: Table, key: tuple[str, ...]) -> Row | None:
        """The row with a key as `keys` gives it."""
        return self.find(table, dict(zip(table.primary_key, key, strict=False)))

    def digest(self, table: Table) -> str:
        """A text that differs when a table's content does."""
        query = SQL("SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS digest FROM {} t")
        return str(self._rows(query.format(_name(table)), {})[0]["digest"])

    def timeless_digest(self, table: Table) -> str:
        """The same without moments: a text that stays when a row is written again as it was."""
        columns = [Identifier(one.name) for one in table.columns if not one.base_type.startswith("timestamp")]
        query = SQL("SELECT md5(coalesce(string_agg(one, '|' ORDER BY one), '')) AS digest FROM {}").format(
            SQL("(SELECT ROW({})::text AS one FROM {}) t").format(SQL(", ").join(columns), _name(table))
        )
        return str(self._rows(query, {})[0]["digest"])

    def texts(self) -> dict[str, str]:
        """Everything that each table holds, as text."""
        query = SQL("SELECT coalesce(string_agg(t::text, E'\\n'), '') AS content FROM {} t")
        return {one.name: str(self._rows(query.format(_name(one)), {})[0]["content"]) for one in self.catalog.tables}

    def seed(self, table: str, values: Mapping[str, Any], *, count: int = 1) -> Row:
        """Write new rows from below the service, with these columns fixed; the last of them. Raises `NoRow`."""
        known = self.catalog.table(table)
        if known is None:
            raise NoRow(f"the schema has no table {table}")
        try:
            return Row(known, seed(self.connection, self.catalog, table, count, values, fitted=self.fitted)[-1])
        except (SeedFailed, psycopg.Error) as error:
            raise NoRow(f"no row of {table} could be made: {error}") from error

    def change(self, row: Row, values: Mapping[str, Any]) -> Row | None:
        """Write values into a row from below the service; None when the database refuses them."""
        if not values:
            return row
        changes = SQL(", ").join(
            SQL("{} = {}").format(Identifier(name), Placeholder(f"v{number}")) for number, name in enumerate(values)
        )
        where = SQL(" AND ").join(
            SQL("{} = {}").format(Identifier(name), Placeholder(f"k{number}")) for number, name in enumerate(row.key)
        )
        parameters = {f"v{n}": None if value is None else _text(value) for n, value in enumerate(values.values())}
        parameters |= {f"k{number}": _text(value) for number, value in enumerate(row.key.values())}
        statement = SQL("UPDATE {} SET {} WHERE {} RETURNING *").format(_name(row.table), changes, where)
        rows = self._rows(statement, parameters)
        return Row(row.table, rows[0]) if rows else None

    def _rows(self, statement: Composed, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            with self.connection.cursor(row_factory=dict_row) as cursor:
                return cursor.execute(statement, parameters).fetchall()
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.UndefinedFunction, UnicodeEncodeError):
            return []  # a value that the column cannot hold: there is no such row


def comparable(column: Column | None) -> bool:
    """True for a column whose values can be compared with JSON."""
    return column is not None and not column.array and (column.base_type in _COMPARABLE or column.enum is not None)


def differs(row: Row, field: Field, value: Any) -> bool:
    """True when the column of a property does not hold this JSON value; what cannot be compared never differs."""
    known = row.table.column(field.column)
    if not comparable(known) or field.column not in row.values:
        return False
    held = to_json(row.values[field.column])
    if field.conversion == "date" and isinstance(held, str) and isinstance(value, str):
        held, value = held[:10], value[:10]
    return not same(held, value)


def referenced(table: Table, column: str) -> tuple[str, str] | None:
    """Table and column that a column refers to, None when it is no foreign key of one column."""
    for key in table.foreign_keys:
        if key.columns == (column,):
            return key.table, key.referenced[0]
    return None


def _name(table: Table) -> Identifier:
    return Identifier(*table.name.split(".", 1))


def _text(value: Any) -> str:
    # Sent without a type, so that the server reads it as whatever the column is.
    return plain(to_json(value))
