"""Rules about the schema that the catalog alone settles. The schema was supplied, so its breaches are the input's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.binding.words import plural, words
from agent.catalog.model import Catalog, Column, Table
from agent.checklist.case import Case, Found, Owing
from agent.checklist.names import snake
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "DBS-UUID": "database: key columns in the catalog",
    "DBS-FK": "database: columns named like a reference in the catalog",
    "DBS-INDEX": "database: an index that begins with each foreign key's columns",
    "NAM-TABLE": "database: names in the catalog",
}


def settle(case: Case, owing: Owing) -> Found:
    """Settle what the supplied tables owe."""
    receipts: list[Receipt] = []
    for rule, check in _CHECKS.items():
        for subject in owing.subjects(rule):
            table = case.catalog.table(subject)
            if table is not None:
                receipts += owing.blame_input(rule, check(table, case.catalog), subject=subject, ran="catalog")
    return Found(tuple(receipts))


def _keys(table: Table, _: Catalog) -> list[str]:
    if not table.primary_key:
        return [f"{table.name} has no primary key"]
    if linking(table):
        return []  # made of references alone: their types are the other tables' choice
    columns = [column for name in table.primary_key if (column := table.column(name))]
    return [f"{table.name}.{one.name} is {one.type}, not uuid" for one in columns if one.base_type != "uuid"]


def _references(table: Table, catalog: Catalog) -> list[str]:
    declared = {name for key in table.foreign_keys for name in key.columns}
    return [
        f"{table.name}.{column.name} looks like a reference to {target.name}, and is no foreign key"
        for column in table.columns
        if column.name not in declared and (target := _pointed_at(column, table, catalog))
    ]


def _indexes(table: Table, _: Catalog) -> list[str]:
    indexed = [index.columns for index in table.indexes] + [table.primary_key, *(one.columns for one in table.uniques)]
    return [
        f"{table.name} has no index that begins with ({', '.join(key.columns)}), the foreign key {key.name}"
        for key in table.foreign_keys
        if not any(set(columns[: len(key.columns)]) == set(key.columns) for columns in indexed)
    ]


def _name(table: Table, _: Catalog) -> list[str]:
    name = table.name.rsplit(".", 1)[-1]
    problems = [] if snake(name) else [f"{name} is not snake_case"]
    if plural(name) != "_".join(words(name)):
        problems.append(f"{name} is not plural")
    return problems


_CHECKS: Mapping[str, Callable[[Table, Catalog], list[str]]] = {
    "DBS-UUID": _keys,
    "DBS-FK": _references,
    "DBS-INDEX": _indexes,
    "NAM-TABLE": _name,
}


def linking(table: Table) -> bool:
    """True when the table joins others: its primary key is made of foreign keys."""
    references = {name for key in table.foreign_keys for name in key.columns}
    return bool(table.primary_key) and set(table.primary_key) <= references


def _pointed_at(column: Column, table: Table, catalog: Catalog) -> Table | None:
    """The table that a column such as `book_id` names, when its key has the same type."""
    if not column.name.endswith("_id") or column.name in table.primary_key:
        return None
    stem = column.name.removesuffix("_id")
    for other in catalog.tables:
        name = other.name.rsplit(".", 1)[-1]
        key = other.column(other.primary_key[0]) if len(other.primary_key) == 1 else None
        if key and key.base_type == column.base_type and name in (stem, f"{stem}s", f"{stem}es", f"{stem[:-1]}ies"):
            return other
    return None
