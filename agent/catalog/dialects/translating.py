"""A schema in MySQL's or SQLite's dialect as pieces of PostgreSQL's, and what had to change on the way."""

from __future__ import annotations

from collections.abc import Iterator

from agent.catalog.dialects.detecting import NAMES, Dialect
from agent.catalog.dialects.draft import Draft
from agent.catalog.dialects.reading import read_draft
from agent.catalog.dialects.writing import statements_of
from agent.catalog.script import Piece, Purpose
from agent.errors import CatalogError, Problem

_NAMED = 5
"""Places that a note names."""


def translate(text: str, name: str, dialect: Dialect) -> tuple[tuple[Piece, ...], tuple[str, ...]]:
    """The schema's statements, each with the line that it came from, and notes; data and what servers run is left out.

    Raises `CatalogError` with every statement that has no counterpart, or when none defines a table.
    """
    draft = read_draft(text, name, dialect)
    if not draft.tables:
        raise CatalogError([Problem(name, "defines no table")])
    pieces = [Piece(sql, name, line, Purpose.DEFINE) for sql, line in statements_of(draft)]
    pieces += [Piece(one.sql, name, one.line, Purpose.OPTIONAL) for one in draft.views]
    return tuple(pieces), tuple(_notes(draft, name, dialect))


def _notes(draft: Draft, name: str, dialect: Dialect) -> Iterator[str]:
    yield f"{name}: read as {NAMES[dialect]}'s dialect and translated; texts compare with regard to case"
    for what, places in draft.changes.items():
        named = ", ".join(dict.fromkeys(places[:_NAMED]))
        more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
        yield f"{name}: {what} ({named}{more})"
