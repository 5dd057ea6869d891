"""Tables, constraints, indexes and enums, as a server's own catalog has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString, get_args

from psycopg import Connection
from psycopg.rows import dict_row

from agent.catalog.model import CheckConstraint, Column, Enum, ForeignKey, Index, OnDelete, Table, Unique

Row = dict[str, Any]


_TABLES: LiteralString = """
    SELECT c.oid, CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS name,
           coalesce(obj_description(c.oid, 'pg_class'), '') AS comment
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'alembic_version'
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend e
                      WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
    ORDER BY name
"""

_TYPES: LiteralString = """
    SELECT t.oid, t.typname, t.typtype, t.typbasetype, t.typtypmod, t.typnotnull, t.typdefault,
           CASE WHEN t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem ELSE 0 END AS element,
           CASE WHEN n.nspname IN ('public', 'pg_catalog') THEN '' ELSE n.nspname || '.' END || t.typname AS name,
           ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k
                 WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.conname) AS checks
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
"""

_COLUMNS: LiteralString = """
    SELECT a.attrelid, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.atttypid, a.atttypmod,
           a.attnotnull, a.attgenerated, a.attidentity, pg_get_expr(d.adbin, d.adrelid) AS expression,
           coalesce(col_description(a.attrelid, a.attnum), '') AS comment
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum
"""

_CONSTRAINTS: LiteralString = """
    SELECT c.conrelid, c.conname AS name, c.contype AS kind, c.confrelid, c.confdeltype,
           pg_get_constraintdef(c.oid) AS definition,
           ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(number, place)
                 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number ORDER BY k.place) AS columns,
           ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k(number, place)
                 JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number ORDER BY k.place) AS referenced
    FROM pg_constraint c
    WHERE c.conrelid = ANY(%s) AND c.contype IN ('p', 'u', 'f', 'c') AND c.conparentid = 0
    ORDER BY c.conrelid, c.conname
"""

_INDEXES: LiteralString = """
    SELECT i.indrelid, c.relname AS name, i.indisunique AS unique, i.indpred IS NOT NULL AS partial,
           i.indexprs IS NOT NULL AS expressions, pg_get_indexdef(i.indexrelid) AS definition,
           EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
               AS of_constraint,
           ARRAY(SELECT coalesce(a.attname::text, pg_get_indexdef(i.indexrelid, p.place, true))
                 FROM generate_series(1, i.indnkeyatts) p(place)
                 LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p.place - 1]
                                             AND i.indkey[p.place - 1] <> 0
                 ORDER BY p.place) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = ANY(%s)
    ORDER BY i.indrelid, c.relname
"""

_ENUMS: LiteralString = """
    SELECT CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || t.typname AS name,
           ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS values
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype = 'e' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend e
                      WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid AND e.deptype = 'e')
    ORDER BY name
"""

_ON_DELETE: Mapping[str, OnDelete] = dict(zip("arcnd", get_args(OnDelete), strict=True))


@dataclass(frozen=True, slots=True)
class _Type:
    """What lies below a column's type."""

    base: str
    modifier: int
    array: bool
    enum: str | None
    domain: str | None
    not_null: bool
    default: str | None
    checks: tuple[str, ...]


def rows_of(connection: Connection, query: LiteralString, *values: object) -> list[Row]:
    """The rows of a query, by column name."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, values or None).fetchall()


def print_names_alike(connection: Connection) -> None:
    """Have the session print types and functions with their schema, unless it is `public`."""
    connection.execute("SET search_path = public")


def read_enums(connection: Connection) -> tuple[Enum, ...]:
    """The enum types, those of extensions left out, by name."""
    return tuple(Enum(row["name"], tuple(row["values"])) for row in rows_of(connection, _ENUMS))


def read_tables(connection: Connection) -> tuple[Table, ...]:
    """The tables by name; partitions stand as the one table they are parts of. `alembic_version` is left out."""
    print_names_alike(connection)
    tables = rows_of(connection, _TABLES)
    oids = [row["oid"] for row in tables]
    names = {row["oid"]: row["name"] for row in tables}
    types = {row["oid"]: row for row in rows_of(connection, _TYPES)}
    columns = _grouped(rows_of(connection, _COLUMNS, oids), "attrelid")
    constraints = _grouped(rows_of(connection, _CONSTRAINTS, oids), "conrelid")
    indexes = _grouped(rows_of(connection, _INDEXES, oids), "indrelid")
    return tuple(
        Table(
            name=row["name"],
            columns=tuple(_column(column, types) for column in columns[row["oid"]]),
            primary_key=next((tuple(one["columns"]) for one in constraints[row["oid"]] if one["kind"] == "p"), ()),
            foreign_keys=_foreign_keys(constraints[row["oid"]], names),
            uniques=_uniques(constraints[row["oid"]], indexes[row["oid"]]),
            checks=_checks(constraints[row["oid"]]),
            indexes=tuple(_index(index) for index in indexes[row["oid"]]),
            comment=row["comment"],
        )
        for row in tables
    )


def _grouped(rows: list[Row], key: str) -> Mapping[int, list[Row]]:
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _column(row: Row, types: Mapping[int, Row]) -> Column:
    below = _below(row["atttypid"], row["atttypmod"], types)
    generated = row["attgenerated"] != ""
    numeric = below.base == "numeric" and below.modifier >= 4
    return Column(
        name=row["name"],
        type=row["type"],
        base_type=below.base,
        nullable=not (row["attnotnull"] or below.not_null),
        default=None if generated else row["expression"] or below.default,
        array=below.array,
        generated=generated,
        identity={"a": "always", "d": "by default"}.get(row["attidentity"], ""),  # type: ignore[arg-type]
        enum=below.enum,
        domain=below.domain,
        max_length=_max_length(below),
        numeric_precision=(below.modifier - 4 >> 16) & 0xFFFF if numeric else None,
        numeric_scale=((below.modifier - 4 & 0x7FF) ^ 0x400) - 0x400 if numeric else None,
        comment=row["comment"],
        domain_checks=below.checks,
    )


def _below(oid: int, modifier: int, types: Mapping[int, Row]) -> _Type:
    """Go down through domains and arrays to the type that holds the values."""
    array, not_null = False, False
    domain: str | None = None
    default: str | None = None
    checks: tuple[str, ...] = ()
    while True:
        row = types[oid]
        if row["typtype"] == "d":
            domain = domain or row["name"]
            checks += () if array else tuple(row["checks"])
            not_null = not_null or (row["typnotnull"] and not array)
            default = default or (row["typdefault"] if not array else None)
            modifier = modifier if modifier != -1 else row["typtypmod"]
            oid = row["typbasetype"]
        elif row["element"]:
            array, oid = True, row["element"]
        else:
            enum = row["name"] if row["typtype"] == "e" else None
            return _Type(row["typname"], modifier, array, enum, domain, not_null, default, checks)


def _max_length(below: _Type) -> int | None:
    if below.base in ("varchar", "bpchar") and below.modifier >= 4:
        return below.modifier - 4
    if below.base in ("bit", "varbit") and below.modifier > 0:
        return below.modifier
    return None


def _foreign_keys(rows: list[Row], names: Mapping[int, str]) -> tuple[ForeignKey, ...]:
    return tuple(
        ForeignKey(
            row["name"],
            tuple(row["columns"]),
            names[row["confrelid"]],
            tuple(row["referenced"]),
            _ON_DELETE[row["confdeltype"]],
        )
        for row in rows
        if row["kind"] == "f" and row["confrelid"] in names
    )


def _uniques(constraints: list[Row], indexes: list[Row]) -> tuple[Unique, ...]:
    of_constraints = [Unique(row["name"], tuple(row["columns"])) for row in constraints if row["kind"] == "u"]
    of_indexes = [
        Unique(row["name"], tuple(row["columns"]), row["partial"])
        for row in indexes
        if row["unique"] and not row["expressions"] and not row["of_constraint"]
    ]
    return tuple(sorted(of_constraints + of_indexes, key=lambda unique: unique.name))


def _checks(rows: list[Row]) -> tuple[CheckConstraint, ...]:
    return tuple(
        CheckConstraint(row["name"], row["definition"], tuple(row["columns"])) for row in rows if row["kind"] == "c"
    )


def _index(row: Row) -> Index:
    return Index(row["name"], tuple(row["columns"]), row["unique"], row["definition"])
