"""A database schema as it is proposed, before it is written as DDL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.binding.shapes import Shape
from agent.contract.model import Parameter


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    type: str
    """As DDL spells it, `PRIMARY KEY` and identity left out: `bigint`, `text[]`."""
    nullable: bool = True
    default: str = ""
    """An SQL expression, or `identity`; empty when there is none."""
    check: str = ""
    references: str = ""
    """The table whose key it holds; empty for any other column."""
    unique: bool = False
    note: str = ""
    """What was assumed, for the reader of the DDL."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table; its key is the column `key`."""

    name: str
    key: str
    columns: Mapping[str, Column]
    indexed: tuple[str, ...] = ()
    """Columns that get an index of their own."""
    told: str = ""
    """The paths that it was read from."""


@dataclass(slots=True)
class Resource:
    """What the contract says about the things of one kind."""

    name: str
    """The table's name: snake_case, plural."""
    paths: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    """Names of the resources that it stands below in a path."""
    item: list[Parameter] = field(default_factory=list)
    """Path parameters that select one."""
    answers: list[Shape] = field(default_factory=list)
    creates: list[Shape] = field(default_factory=list)
    """Bodies that add one; an empty shape for one that is added below a parent is still a body."""
    changes: list[Shape] = field(default_factory=list)
    """Bodies that replace or change one."""
    above: list[frozenset[str]] = field(default_factory=list)
    """For each of `creates` the parents that its path names."""
    narrowed: list[str] = field(default_factory=list)
    """Query parameters of its lists."""
    protected: bool = True
    """Nobody can add one without credentials."""
    logins: list[str] = field(default_factory=list)
    """Properties by which those who log in are named."""
    personal: bool = False
    """The contract speaks of the caller's own ones."""
    people: bool = False
    """Those who log in."""
