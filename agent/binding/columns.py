"""Which column a property or parameter means."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.binding.converting import TEMPORAL, TEXTS
from agent.binding.marking import only_among_living
from agent.binding.reasons import Undecided
from agent.binding.shapes import Shape
from agent.binding.words import singular, snake, without_prefix, words
from agent.catalog.model import Column, ForeignKey, Index, Table

_TIME_WORDS = frozenset({"at", "on", "date", "time", "timestamp", "datetime", "ts"})
_SAME_EVENT = {"create": "created", "creation": "created", "inserted": "created", "modified": "updated"}
_SAME_EVENT |= {"modify": "updated", "modification": "updated", "update": "updated", "changed": "updated"}
_FOLDED = re.compile(r"(?:lower|upper)\(\(?\"?(\w+)\"?\)?(?:::text)?\)")
_CODED = frozenset({"country", "currency", "language", "locale"})
"""What nearly every API means by its code, with and without saying so."""
_KEY_WORDS = frozenset({"id", "uuid", "fk", "key"})


def short(table: Table) -> str:
    """The table's name without its schema, and without the application's name where paths leave it out."""
    return table.spoken or table.name.rsplit(".", 1)[-1]


def column_for(table: Table, name: str, said: Shape) -> Column | None:
    """The column that `name` means, None when there is none; raises `Undecided` when it can mean several."""
    for candidates in _candidates(table, name, said):
        if len(candidates) > 1:
            names = " and ".join(f"`{column.name}`" for column in candidates)
            raise Undecided(f"`{name}` can mean the columns {names} of `{table.name}`")
        if candidates:
            return candidates[0]
    return None


def only_key(table: Table) -> Column | None:
    """The primary key's column, None when it has none or several."""
    return table.column(table.primary_key[0]) if len(table.primary_key) == 1 else None


def links(table: Table) -> tuple[ForeignKey, ...]:
    """The foreign keys of one column."""
    return tuple(key for key in table.foreign_keys if len(key.columns) == 1)


def alone_unique(table: Table) -> frozenset[str]:
    """Columns of which no two rows have the same value, in whatever letter case it is kept unique."""
    keys = [table.primary_key, *(unique.columns for unique in table.uniques if not unique.partial)]
    folded = [
        found[1]
        for index in table.indexes
        if index.unique and len(index.columns) == 1 and _holds_all(table, index)
        if (found := _FOLDED.fullmatch(index.columns[0]))
    ]
    living = [
        index.columns[0]
        for index in table.indexes
        if index.unique and len(index.columns) == 1 and only_among_living(table, index.definition)
        if table.column(index.columns[0])
    ]
    return frozenset(key[0] for key in keys if len(key) == 1) | frozenset(folded) | frozenset(living)


def _holds_all(table: Table, index: Index) -> bool:
    """True for an index of all rows that anybody finds: removed ones, which are only marked, need not be there."""
    return " WHERE " not in index.definition or only_among_living(table, index.definition)


def role(name: str) -> str:
    """A name without `id` at its end: `assignee_id` → `assignee`."""
    parts = words(name)
    return "_".join(parts[:-1] if len(parts) > 1 and parts[-1] in _KEY_WORDS else parts)


def _candidates(table: Table, name: str, said: Shape) -> Iterator[list[Column]]:
    """Ever looser readings of the name; the first that fits anything counts."""
    own, columns = singular(short(table)), table.columns
    sought = snake(name)
    yield [column for column in columns if column.name == name]
    yield [column for column in columns if snake(column.name) == sought]
    key = only_key(table)
    if key and sought in {"id", "uuid", f"{own}_id", f"{own}_uuid"}:
        yield [key]
    yield [column for column in columns if sought in {f"{own}_{snake(column.name)}"}]
    yield [column for column in columns if without_prefix(column.name, own) == sought]
    yield [column for column in columns if _is_code(table, column, sought, said)]
    if words(name)[-1:] == ("id",) or said.format == "uuid" or said.types == {"integer"}:
        referring = {link.columns[0] for link in links(table)}
        yield [column for column in columns if column.name in referring and role(column.name) == role(sought)]
    if said.format in {"date", "date-time"}:
        yield [column for column in columns if column.base_type in TEMPORAL and event(column.name) == event(name)]
    if said.types == {"boolean"}:
        bare = without_prefix(name, "is") or sought
        yield [
            column
            for column in columns
            if column.base_type == "bool" and (without_prefix(column.name, "is") or snake(column.name)) == bare
        ]


def _is_code(table: Table, column: Column, sought: str, said: Shape) -> bool:
    """True for `country` and a column `country_code`, and the other way round; what is referred to has a name, too."""
    bare, name = sought.removesuffix("_code"), snake(column.name)
    refers = any(column.name in key.columns for key in table.foreign_keys)
    same = name != sought and name.removesuffix("_code") == bare and bare.rpartition("_")[2] in _CODED
    return same and column.base_type in TEXTS and said.types <= {"string"} and not refers


def event(name: str) -> str:
    """What a moment is named after: `dateCreated`, `created_at` and `creation_date` are all `created`."""
    parts = [word for word in words(name) if word not in _TIME_WORDS]
    if len(parts) > 1 and parts[0] == "last":
        parts = parts[1:]
    return "_".join(_SAME_EVENT.get(word, word) for word in parts)
