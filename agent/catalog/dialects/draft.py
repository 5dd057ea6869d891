"""A schema between two dialects: what its statements say about each table, before it is written anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Referential = Literal["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"]


@dataclass(slots=True)
class Column:
    """One column. Types and expressions are PostgreSQL's."""

    name: str
    type: str
    required: bool = False
    default: str = ""
    """Empty: none."""
    computed: str = ""
    """The expression of a generated column."""
    identity: bool = False
    """The database counts."""
    unsigned: bool = False
    choices: tuple[str, ...] = ()
    """The only texts that it takes; empty: any."""
    comment: str = ""


@dataclass(slots=True)
class Foreign:
    """A foreign key."""

    name: str
    columns: list[str]
    table: str
    referenced: list[str]
    """Empty: the other table's primary key."""
    actions: list[str] = field(default_factory=list)
    """`ON DELETE CASCADE`."""


@dataclass(frozen=True, slots=True)
class Part:
    """What an index is sorted by."""

    text: str
    """The name of a column, or an expression."""
    computed: bool = False
    """It is an expression."""
    descending: bool = False


@dataclass(slots=True)
class Index:
    """An index."""

    name: str
    parts: list[Part]
    unique: bool = False
    where: str = ""


@dataclass(slots=True)
class Table:
    """What was said of one table so far."""

    name: str
    line: int
    columns: dict[str, Column] = field(default_factory=dict)
    """By name in lower case: neither dialect tells cases apart."""
    primary: list[str] = field(default_factory=list)
    uniques: list[tuple[str, list[str]]] = field(default_factory=list)
    """Name, empty for none, and columns."""
    checks: list[tuple[str, str]] = field(default_factory=list)
    foreigns: list[Foreign] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    comment: str = ""


@dataclass(slots=True)
class View:
    """A view, translated as far as that goes."""

    sql: str
    line: int


@dataclass(slots=True)
class Draft:
    """The whole schema, in the order of its script."""

    tables: dict[str, Table] = field(default_factory=dict)
    """By name in lower case."""
    views: list[View] = field(default_factory=list)
    changes: dict[str, list[str]] = field(default_factory=dict)
    """What had to become something else → where, such as `orders.gift`."""

    def changed(self, what: str, where: str) -> None:
        """Remember it for the note."""
        self.changes.setdefault(what, []).append(where)
