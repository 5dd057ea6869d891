"""What differs between two catalogs, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

from agent.catalog.model import Catalog, CheckConstraint, Column, ForeignKey, Index, Table, Unique

_TOLD = ("table ", "column ", "constraint ", "index ", "enum ", "comment on table ")
"""Lines of the fingerprint whose differences are told from the tables."""


def catalog_differences(supplied: Catalog, found: Catalog) -> tuple[str, ...]:
    """Sentences like "table books: column price: type numeric(10,2) supplied, numeric found"; empty when equal.

    Equal means equal fingerprints: the order of columns in a table does not count.
    """
    if supplied.fingerprint == found.fingerprint:
        return ()
    told = (*_tables(supplied, found), *_enums(supplied, found))
    return told + tuple(_rest(supplied, found, everything=not told))


def _tables(supplied: Catalog, found: Catalog) -> Iterator[str]:
    for name, ours, theirs in _paired(
        {one.name: one for one in supplied.tables}, {one.name: one for one in found.tables}
    ):
        if ours is None or theirs is None:
            yield f"table {name}: {_missing(ours)}"
        else:
            yield from (f"table {name}: {difference}" for difference in _table(ours, theirs))


def _table(supplied: Table, found: Table) -> Iterator[str]:
    columns = {one.name: one for one in supplied.columns}, {one.name: one for one in found.columns}
    for name, ours, theirs in _paired(*columns):
        if ours is None or theirs is None:
            yield f"column {name}: {_missing(ours)}"
        else:
            yield from (f"column {name}: {difference}" for difference in _column(ours, theirs))
    if supplied.primary_key != found.primary_key:
        yield f"primary key: {_key(supplied.primary_key)} supplied, {_key(found.primary_key)} found"
    yield from _named("foreign key", supplied.foreign_keys, found.foreign_keys)
    yield from _named("unique", supplied.uniques, found.uniques)
    yield from _named("check", supplied.checks, found.checks)
    known = {unique.name for table in (supplied, found) for unique in table.uniques}
    indexes = ([index for index in table.indexes if index.name not in known] for table in (supplied, found))
    yield from _named("index", *indexes)
    if supplied.comment != found.comment:
        yield f"comment: {supplied.comment!r} supplied, {found.comment!r} found"


def _column(supplied: Column, found: Column) -> Iterator[str]:
    said_by_type = {"name", "base_type", "array", "max_length", "numeric_precision", "numeric_scale", "enum", "domain"}
    for one in fields(Column):
        ours, theirs = getattr(supplied, one.name), getattr(found, one.name)
        if one.name not in said_by_type and ours != theirs:
            yield f"{one.name} {_value(ours)} supplied, {_value(theirs)} found"


Named = ForeignKey | Unique | CheckConstraint | Index


def _named(kind: str, supplied: Sequence[Named], found: Sequence[Named]) -> Iterator[str]:
    missing = {_meaning(one): one for one in supplied}
    extra = {_meaning(one): one for one in found}
    for meaning, ours, theirs in _paired(missing, extra):
        if ours is None or theirs is None:
            yield f"{kind} {meaning}: {_missing(ours)}"
        elif ours.name != theirs.name:
            yield f"{kind} {meaning}: named {ours.name} supplied, {theirs.name} found"


def _meaning(one: Named) -> str:
    match one:
        case ForeignKey():
            target = f"{_key(one.columns)} references {one.table} {_key(one.referenced)}"
            return target + ("" if one.on_delete == "no action" else f" on delete {one.on_delete}")
        case Unique():
            return _key(one.columns) + (" of some rows" if one.partial else "")
        case CheckConstraint():
            return one.expression
        case Index():
            return one.definition.replace(f"INDEX {one.name} ON", "INDEX ON")


def _enums(supplied: Catalog, found: Catalog) -> Iterator[str]:
    for name, ours, theirs in _paired(
        {one.name: one for one in supplied.enums}, {one.name: one for one in found.enums}
    ):
        if ours is None or theirs is None:
            yield f"enum {name}: {_missing(ours)}"
        elif ours.values != theirs.values:
            yield f"enum {name}: {', '.join(ours.values)} supplied, {', '.join(theirs.values)} found"


def _rest(supplied: Catalog, found: Catalog, *, everything: bool) -> Iterator[str]:
    ours, theirs = set(supplied.fingerprint.splitlines()), set(found.fingerprint.splitlines())
    for lines, where in ((ours - theirs, "supplied"), (theirs - ours, "found")):
        for line in sorted(lines):
            if everything or not line.startswith(_TOLD):
                yield f"{line.strip()}: only {where}"


def _paired[Item](
    supplied: Mapping[str, Item], found: Mapping[str, Item]
) -> Iterator[tuple[str, Item | None, Item | None]]:
    for name in dict.fromkeys((*supplied, *found)):
        yield name, supplied.get(name), found.get(name)


def _missing(supplied: object) -> str:
    return "not supplied, but found" if supplied is None else "supplied, but not found"


def _key(columns: tuple[str, ...]) -> str:
    return f"({', '.join(columns)})" if columns else "none"


def _value(value: object) -> str:
    return "none" if value in (None, "") else str(value)
