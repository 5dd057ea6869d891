"""What paths call the rows of tables whose names begin with an application's: `authors` for `library_author`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from agent.binding.columns import short
from agent.binding.namespaces import parts_of
from agent.binding.words import singular, words
from agent.catalog.model import Catalog, Table
from agent.contract.model import Contract

_NO_THINGS = {"tbl", "tb", "t", "app", "api", "core", "auth"}
"""What tables' names may begin with that is never a thing of its own."""


def spoken_tables(contract: Contract, catalog: Catalog) -> Catalog:
    """The catalog with the name by which paths call a table, where that is only the end of its own.

    Nothing by luck: no table bears the short name, exactly one ends with it, no path says the long one, and what stands
    before it is no table, as `order` is in `order_items`, but begins several, or names no thing.
    """
    parts = {
        singular(part) for operation in contract.operations for part in parts_of(operation.path) if "{" not in part
    }
    names = {singular(short(table)) for table in catalog.tables}
    begun = Counter(words(name)[0] for name in names if len(words(name)) > 1)
    prefixes = {word for word, times in begun.items() if times > 1} | _NO_THINGS
    endings = {table.name: _ending(table, parts, names, prefixes) for table in catalog.tables}
    taken = list(endings.values())
    return replace(
        catalog,
        tables=tuple(
            replace(table, spoken=ending) if (ending := endings[table.name]) and taken.count(ending) == 1 else table
            for table in catalog.tables
        ),
    )


def _ending(table: Table, parts: set[str], names: set[str], prefixes: set[str]) -> str:
    whole = singular(short(table))
    said = words(whole)
    if whole in parts or not said or said[0] not in prefixes:
        return ""
    for start in range(1, len(said)):
        ending, before = "_".join(said[start:]), "_".join(said[:start])
        if ending in parts and ending not in names and singular(before) not in names:
            return ending
    return ""
