"""The database as the PostgreSQL server itself reports it after running the supplied DDL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    type: str
    """As `format_type` prints it: `character varying(200)`, `timestamp with time zone`, `text[]`."""
    base_type: str
    """The type below length, array mark and domain: `varchar`, `uuid`, `int4`, `timestamptz`."""
    nullable: bool
    default: str | None
    """The default expression as the server prints it, None when there is none."""
    array: bool = False
    generated: bool = False
    """`GENERATED ALWAYS AS (...) STORED`: never written."""
    identity: Literal["", "always", "by default"] = ""
    enum: str | None = None
    """Name of the enum type, schema-qualified unless in `public`."""
    domain: str | None = None
    max_length: int | None = None
    numeric_precision: int | None = None
    numeric_scale: int | None = None
    comment: str = ""
    domain_checks: tuple[str, ...] = ()
    """What its domain demands of `VALUE`: `CHECK ((VALUE >= 1901))`."""

    @property
    def server_filled(self) -> bool:
        """True when an INSERT may leave it out although it is not nullable."""
        return self.default is not None or self.generated or bool(self.identity)


OnDelete = Literal["no action", "restrict", "cascade", "set null", "set default"]
"""What deleting the referenced row does; a closed set."""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One foreign key constraint."""

    name: str
    columns: tuple[str, ...]
    table: str
    """The referenced table's `Table.name`."""
    referenced: tuple[str, ...]
    on_delete: OnDelete = "no action"


@dataclass(frozen=True, slots=True)
class Unique:
    """A unique constraint or unique index without expressions."""

    name: str
    columns: tuple[str, ...]
    partial: bool = False


@dataclass(frozen=True, slots=True)
class CheckConstraint:
    """A CHECK constraint."""

    name: str
    expression: str
    """As `pg_get_constraintdef` prints it: `CHECK ((price >= 0))`."""
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """One index, those of constraints included."""

    name: str
    columns: tuple[str, ...]
    """Column names in order; an expression stands as its text."""
    unique: bool
    definition: str


@dataclass(frozen=True, slots=True)
class Table:
    """One ordinary or partitioned table (partitions themselves are left out)."""

    name: str
    """Schema-qualified unless in `public`."""
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    uniques: tuple[Unique, ...] = ()
    checks: tuple[CheckConstraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    comment: str = ""
    spoken: str = ""
    """What paths call its rows, where the name begins with that of an application; empty: the name says it."""

    def column(self, name: str) -> Column | None:
        """The column of that name, None when there is none."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Enum:
    """An enum type."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the supplied DDL that defines something (no owners, grants, transactions or data).

    Of the settings only those are kept without which the statements between them would be read otherwise.
    """

    sql: str
    """As supplied, comments before it included, without the closing semicolon."""
    file: str
    line: int
    """1-based line of its first character."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The database schema."""

    tables: tuple[Table, ...]
    enums: tuple[Enum, ...]
    statements: tuple[Statement, ...]
    """The supplied DDL in order, for the migration."""
    fingerprint: str
    """Canonical text of everything the server reports of the schema; two equal catalogs print the same text."""
    drops: tuple[str, ...]
    """Statements that remove all of it again, in order, for the migration's downgrade."""
    notes: tuple[str, ...] = ()
    """What of the supplied DDL was left out although it defines something, and why."""

    def table(self, name: str) -> Table | None:
        """The table of that name, None when there is none."""
        return next((table for table in self.tables if table.name == name), None)

    def enum(self, name: str) -> Enum | None:
        """The enum of that name, None when there is none."""
        return next((enum for enum in self.enums if enum.name == name), None)
