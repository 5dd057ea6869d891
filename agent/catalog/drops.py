"""Statements that remove a schema again, in an order that the server accepts, from what it says depends on what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import LiteralString

from psycopg import Connection

from agent.catalog.reading import rows_of

Thing = tuple[int, int]
"""Catalog and OID."""

_OBJECTS: LiteralString = """
    SELECT o.classid::int8 AS catalog, o.objid::int8 AS object, i.type, i.identity
    FROM (SELECT d.classid, d.objid FROM pg_depend d JOIN pg_namespace n ON n.oid = d.refobjid
          WHERE d.refclassid = 'pg_namespace'::regclass AND d.deptype = 'n' AND d.classid <> 'pg_extension'::regclass
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
          UNION SELECT 'pg_extension'::regclass, x.oid FROM pg_extension x WHERE x.extname <> 'plpgsql'
          UNION SELECT 'pg_namespace'::regclass, n.oid FROM pg_namespace n
          WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')) o,
         pg_identify_object(o.classid, o.objid, 0) i
    WHERE i.name IS DISTINCT FROM 'alembic_version'
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = o.classid AND e.objid = o.objid AND e.deptype = 'e')
    ORDER BY i.type, i.identity
"""

_DEPENDENCIES: LiteralString = """
    SELECT classid::int8, objid::int8, refclassid::int8, refobjid::int8, deptype
    FROM pg_depend WHERE deptype IN ('n', 'a', 'i', 'P', 'S') AND objid >= 16384
"""

_LATER: Mapping[str, int] = {
    kind: place
    for place, kind in enumerate(
        (
            "view",
            "materialized view",
            "table",
            "foreign table",
            "aggregate",
            "procedure",
            "function",
            "sequence",
            "type",
        )
        + ("extension", "schema")
    )
}
"""Order among things that do not depend on each other."""


def drops_of(connection: Connection) -> tuple[str, ...]:
    """Statements that leave of the schema nothing but what was there in an empty database.

    Nothing is dropped by CASCADE, unless things of different kinds depend on each other in a circle.
    """
    objects = {(row["catalog"], row["object"]): (row["type"], row["identity"]) for row in rows_of(connection, _OBJECTS)}
    links = [
        ((row["classid"], row["objid"]), (row["refclassid"], row["refobjid"]), row["deptype"])
        for row in rows_of(connection, _DEPENDENCIES)
    ]
    # What goes away with something else: a column's default, an index, the sequence of an identity, a partition.
    parts = {part: whole for part, whole, kind in links if kind != "n" and part != whole}
    roots = {thing: kind for thing, kind in objects.items() if thing not in parts}
    tables = [thing for thing, (kind, _) in roots.items() if kind == "table"]
    # Tables may refer to each other in a circle, and are dropped by one statement.
    together = dict.fromkeys(tables, next(iter(tables), (0, 0)))
    needed_by: defaultdict[Thing, set[Thing]] = defaultdict(set)
    for user, used, _ in links:
        first, second = _root(user, parts), _root(used, parts)
        if first in roots and second in roots and together.get(first, first) != together.get(second, second):
            needed_by[together.get(second, second)].add(together.get(first, first))
    nodes = [thing for thing in roots if together.get(thing, thing) == thing]
    ordered, suffix = _ordered(nodes, needed_by, roots)
    return tuple(
        f"DROP {roots[thing][0].upper()} {'IF EXISTS ' if suffix else ''}"
        f"{', '.join(roots[one][1] for one in tables) if thing in together else roots[thing][1]}{suffix}"
        for thing in ordered
    )


def _ordered(
    nodes: list[Thing], needed_by: Mapping[Thing, set[Thing]], roots: Mapping[Thing, tuple[str, str]]
) -> tuple[list[Thing], str]:
    place = {thing: (_LATER.get(roots[thing][0], 8), roots[thing][1]) for thing in nodes}
    sorter = TopologicalSorter({thing: needed_by.get(thing, set()) for thing in nodes})
    try:
        sorter.prepare()
    except CycleError:
        return sorted(nodes, key=place.__getitem__), " CASCADE"
    ordered: list[Thing] = []
    ready = list(sorter.get_ready())
    while ready:
        ready.sort(key=place.__getitem__)
        thing = ready.pop(0)
        ordered.append(thing)
        sorter.done(thing)
        ready += sorter.get_ready()
    return ordered, ""


def _root(thing: Thing, parts: Mapping[Thing, Thing]) -> Thing:
    """What a thing goes away with, in the end."""
    seen: set[Thing] = set()
    while thing in parts and thing not in seen:
        seen.add(thing)
        thing = parts[thing]
    return thing
