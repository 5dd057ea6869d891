"""Rows for any table: as its types, lengths, enums, keys and checks demand, with the parents that they need.

Probes put rows this way where the service offers no way to create them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import count as counting
from itertools import groupby, islice
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg import errors
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composable, Composed, Identifier, Placeholder
from psycopg.types.json import Json, Jsonb

from agent.catalog.demands import Constant, constants_of, demands_of
from agent.catalog.model import Catalog, Column, ForeignKey, Table
from agent.catalog.values import value_for

Row = dict[str, Any]

_ATTEMPTS = 64
_BETWEEN_SEEDS = 100_000
"""Room for rows of one seed: other seeds give other values."""


Fitted = Mapping[str, Mapping[str, Callable[[Any, int], Any]]]
"""Table → column → from the value that the schema alone suggests, and a number, the value that is wanted there."""
_NOTHING_FITTED: Fitted = MappingProxyType({})


class SeedFailed(Exception):
    """No row was found that the server accepts; the message is the server's last one."""


def seed_rows(
    catalog: Catalog, table: str, count: int, *, seed: int = 0, overrides: Mapping[str, Any] | None = None
) -> list[Row]:
    """Rows by column name, not stored. `overrides` are taken as they are.

    Columns that the server fills and foreign keys are left out unless overridden. Nothing is asked of a server, so a
    check that is not simple may still refuse a row: `seed` tries until it is accepted.
    """
    found = _table(catalog, table)
    first = seed * _BETWEEN_SEEDS + 1
    return [_row(catalog, found, number, dict(overrides or {})) for number in range(first, first + count)]


def insert_rows(
    connection: psycopg.Connection, catalog: Catalog, table: str, rows: Iterable[Mapping[str, Any]]
) -> list[Row]:
    """Store the rows as they are; the stored rows, with everything that the server filled in.

    Raises psycopg's errors as the server gives them.
    """
    found = _table(catalog, table)
    stored: list[Row] = []
    with connection.cursor(row_factory=dict_row) as cursor:
        for _, alike in groupby(rows, key=tuple):
            insertions = [_insertion(found, row) for row in alike]
            cursor.executemany(insertions[0][0], [values for _, values in insertions], returning=True)
            for _ in cursor.results():
                stored += cursor.fetchall()
    return stored


def seed_order(catalog: Catalog) -> tuple[str, ...]:
    """Table names, each after the tables that its rows need; a circle is broken where a key may be null.

    Tables that need each other in a circle that cannot be broken stand side by side.
    """
    for keys in (_every_key, _required_key, _no_key):
        graph = {table.name: _referenced(table, keys) for table in catalog.tables}
        try:
            return tuple(TopologicalSorter(graph).static_order())
        except CycleError:
            continue
    return tuple(graph)


def seed(
    connection: psycopg.Connection,
    catalog: Catalog,
    table: str,
    count: int,
    overrides: Mapping[str, Any] | None = None,
    *,
    fitted: Fitted = _NOTHING_FITTED,
) -> list[Row]:
    """Store `count` new rows, and the rows of other tables that they need; the stored rows.

    Existing parents are used where rows may share one. `fitted` values are kept to as long as the server takes them.
    Raises `SeedFailed` when the server accepts no row.
    """
    seeder = _Seeder(connection, catalog, _numbers(connection, catalog), fitted)
    return seeder.store(_table(catalog, table), dict(overrides or {}), count)


@dataclass(slots=True)
class _Plan:
    """A row that waits for others to be stored in the same statement."""

    table: Table
    row: Row
    companions: list[tuple[Table, Row]] = field(default_factory=list)
    waits_for: set[str] = field(default_factory=set)
    """Tables further up that refer to this row and to which it refers."""


@dataclass(slots=True)
class _Seeder:
    connection: psycopg.Connection
    catalog: Catalog
    numbers: Iterator[int]
    fitted: Fitted

    def store(self, table: Table, overrides: Row, count: int) -> list[Row]:
        """Store new rows with everything that they need."""
        stored = [self._one(table, overrides) for _ in range(min(count, 1))]
        stored += self._at_once(table, overrides, count - len(stored))
        return stored + [self._one(table, overrides) for _ in range(count - len(stored))]

    def _one(self, table: Table, overrides: Row) -> Row:
        settled = self._settle(table, overrides, {})
        assert isinstance(settled, dict)
        return settled

    def _at_once(self, table: Table, overrides: Row, count: int) -> list[Row]:
        """Store rows together, which is faster; nothing when one of them asks for more than that."""
        plans = [self._plan(table, dict(overrides), {}, ()) for _ in range(count)]
        if not plans or any(plan.companions or plan.waits_for for plan in plans):
            return []
        try:
            with self.connection.transaction():
                stored = insert_rows(self.connection, self.catalog, table.name, [plan.row for plan in plans])
                self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                return stored
        except (errors.IntegrityError, errors.DataError):
            return []

    def _settle(self, table: Table, overrides: Row, above: Mapping[str, Row]) -> Row | _Plan:
        """The stored row, or a plan when it can only be stored together with one above."""
        failure: psycopg.Error | None = None
        broken: set[str | None] = set()
        for attempt in range(_ATTEMPTS):
            given = {**overrides, **self._remedy(table, failure, attempt, overrides)}
            plan = self._plan(table, given, above, broken)
            if plan.waits_for:
                return plan
            try:
                with self.connection.transaction():
                    stored = self._store(plan)
                    self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                    return stored
            except (errors.IntegrityError, errors.DataError) as error:
                failure = error
                if isinstance(error, errors.ForeignKeyViolation):
                    broken.add(error.diag.constraint_name)
                if isinstance(error, errors.CheckViolation | errors.DataError):
                    self.fitted = {name: one for name, one in self.fitted.items() if name != table.name}
                if isinstance(error, errors.UniqueViolation):
                    next(islice(self.numbers, attempt * attempt, None))
        raise SeedFailed(f"table {table.name}: no row was accepted; the last answer: {str(failure).strip()}")

    def _plan(self, table: Table, given: Row, above: Mapping[str, Row], broken: Container[str | None]) -> _Plan:
        """A new row. Keys that may be left to a default or to nothing are, unless they were `broken` by it."""
        number = next(self.numbers)
        plan = _Plan(table, _row(self.catalog, table, number, given, self.fitted))
        for key in sorted(table.foreign_keys, key=lambda key: -len(key.columns)):
            if (_required(table, key) or key.name in broken) and not all(name in plan.row for name in key.columns):
                self._refer(plan, key, {**above, table.name: plan.row})
        return plan

    def _refer(self, plan: _Plan, key: ForeignKey, above: Mapping[str, Row]) -> None:
        """Fill a foreign key: with a row above, an existing row, or a new one."""
        parent = _table(self.catalog, key.table)
        fixed = {far: plan.row[near] for near, far in zip(key.columns, key.referenced, strict=True) if near in plan.row}
        if key.table in above:
            target = above[key.table]
            self._make_known(parent, target, key.referenced)
            plan.waits_for |= {key.table} - {plan.table.name}
        else:
            settled = self._existing(plan.table, key, fixed) or self._settle(parent, fixed, above)
            target = settled if isinstance(settled, dict) else self._take_along(plan, settled, key.referenced)
        for near, far in zip(key.columns, key.referenced, strict=True):
            plan.row[near] = target[far]

    def _take_along(self, plan: _Plan, parent: _Plan, referenced: Sequence[str]) -> Row:
        self._make_known(parent.table, parent.row, referenced)
        plan.companions += [*parent.companions, (parent.table, parent.row)]
        plan.waits_for |= parent.waits_for - {plan.table.name}
        return parent.row

    def _make_known(self, table: Table, row: Row, names: Sequence[str]) -> None:
        """Ask the server now for what it would fill in, because another row refers to it."""
        for name in names:
            if name not in row and (column := table.column(name)):
                row[name] = self._next_value(table, column)

    def _next_value(self, table: Table, column: Column) -> Any:
        if column.identity:
            query = SQL("SELECT nextval(pg_get_serial_sequence({}, {}))").format(_name(table).as_string(), column.name)
        else:
            # The server's own text of the column's default.
            query = SQL("SELECT {}").format(_raw(column.default or "NULL"))
        answer = self.connection.execute(query).fetchone()
        return answer[0] if answer else None

    def _existing(self, table: Table, key: ForeignKey, fixed: Row) -> Row | None:
        """A parent that is there already; None where each row needs one of its own."""
        alone = any(set(key.columns) & set(names) for names in _unique_sets(table))
        if alone:
            return None
        equal = [SQL("{} = {}").format(Identifier(name), Placeholder(name)) for name in fixed]
        condition = SQL(" AND ").join(equal) if equal else SQL("true")
        query = SQL("SELECT * FROM {} WHERE {} LIMIT 1").format(_name(_table(self.catalog, key.table)), condition)
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, fixed).fetchone()

    def _store(self, plan: _Plan) -> Row:
        if not plan.companions:
            return insert_rows(self.connection, self.catalog, plan.table.name, [plan.row])[0]
        # Keys are checked at the end of a statement: rows that need each other go into one.
        parts: list[Composable] = []
        values: Row = {}
        for place, (table, row) in enumerate([*plan.companions, (plan.table, plan.row)]):
            statement, some = _insertion(table, row, prefix=f"v{place}_")
            parts.append(SQL("{} AS ({})").format(Identifier(f"r{place}"), statement))
            values.update(some)
        last = Identifier(f"r{len(parts) - 1}")
        with self.connection.cursor(row_factory=dict_row) as cursor:
            stored = cursor.execute(
                SQL("WITH {} SELECT * FROM {}").format(SQL(", ").join(parts), last), values
            ).fetchone()
        assert stored is not None
        return stored

    def _remedy(self, table: Table, failure: psycopg.Error | None, attempt: int, overrides: Row) -> Row:
        """Values to try next, from what the server objected to last."""
        if isinstance(failure, errors.UniqueViolation):
            return self._own_values(table, failure.diag.constraint_name, overrides)
        if not isinstance(failure, errors.CheckViolation):
            return {}
        name = failure.diag.constraint_name
        if name is None:
            return {key: value for key, value in self._of_a_partition(table).items() if key not in overrides}
        check = next((check for check in table.checks if check.name == name), None)
        if check is None:
            return {}
        columns = [table.column(name) for name in check.columns if name not in overrides]
        free = [column for column in columns if column is not None and not column.generated]
        return _combination(free, constants_of(check.expression), attempt)

    def _own_values(self, table: Table, constraint: str | None, overrides: Row) -> Row:
        """Values in place of a default that gives the same one twice."""
        keys = {index.name: index.columns for index in table.indexes if index.unique}
        columns = [table.column(name) for name in keys.get(constraint or "", ()) if name not in overrides]
        demands, number = demands_of(table), next(self.numbers)
        return {
            column.name: value_for(self.catalog, column, demands[column.name], number, {})
            for column in columns
            if column is not None and column.default is not None
        }

    def _of_a_partition(self, table: Table) -> Row:
        """A value that one of the partitions takes."""
        query = SQL(
            "SELECT a.attname, substring(pg_get_expr(c.relpartbound, c.oid) from $$(?:FROM|IN) \\('?([^',)]+)$$)"
            " FROM pg_partitioned_table p JOIN pg_inherits i ON i.inhparent = p.partrelid"
            " JOIN pg_class c ON c.oid = i.inhrelid"
            " JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]"
            " WHERE p.partrelid = {}::regclass AND pg_get_expr(c.relpartbound, c.oid) !~ 'MINVALUE|DEFAULT'"
            " ORDER BY c.relname LIMIT 1"
        ).format(_name(table).as_string())
        return {str(name): value for name, value in self.connection.execute(query).fetchall()}


def _combination(columns: Sequence[Column], constants: Sequence[Constant], attempt: int) -> Row:
    """The `attempt`-th way to give each column a constant of the check, nothing, or what it had."""
    row: Row = {}
    for column in columns:
        choices: list[Any] = [*([None] if column.nullable else []), *constants]
        attempt, place = divmod(attempt, len(choices) + 1)
        if place < len(choices):
            row[column.name] = choices[place]
    return row


def _row(catalog: Catalog, table: Table, number: int, overrides: Row, fitted: Fitted = _NOTHING_FITTED) -> Row:
    demands, wanted = demands_of(table), fitted.get(table.name, {})
    referring = {name for key in table.foreign_keys for name in key.columns}
    row: Row = {}
    # Columns that have to follow others come after them.
    for column in sorted(table.columns, key=lambda column: bool(demands[column.name].later_than)):
        if column.name in overrides:
            row[column.name] = overrides[column.name]
        elif not column.server_filled and column.name not in referring:
            value = value_for(catalog, column, demands[column.name], number, row)
            row[column.name] = wanted[column.name](value, number) if column.name in wanted else value
    unknown = set(overrides) - set(row)
    if unknown:
        raise KeyError(f"table {table.name} has no column {', '.join(sorted(unknown))}")
    return row


def _insertion(table: Table, row: Mapping[str, Any], prefix: str = "") -> tuple[Composed, Row]:
    if not row:
        return SQL("INSERT INTO {} DEFAULT VALUES RETURNING *").format(_name(table)), {}
    always = any(column.identity == "always" and column.name in row for column in table.columns)
    statement = SQL("INSERT INTO {} ({}) {} VALUES ({}) RETURNING *").format(
        _name(table),
        SQL(", ").join(map(Identifier, row)),
        SQL("OVERRIDING SYSTEM VALUE" if always else ""),
        SQL(", ").join(Placeholder(f"{prefix}{place}") for place in range(len(row))),
    )
    return statement, {f"{prefix}{place}": _adapted(table.column(name), row[name]) for place, name in enumerate(row)}


def _adapted(column: Column | None, value: Any) -> Any:
    if column is None or value is None or column.base_type not in ("json", "jsonb"):
        return value
    wrap = Jsonb if column.base_type == "jsonb" else Json
    return [wrap(one) for one in value] if column.array else wrap(value)


def _name(table: Table) -> Identifier:
    schema, dot, name = table.name.partition(".")
    return Identifier(schema, name) if dot else Identifier("public", table.name)


def _raw(text: str) -> SQL:
    return SQL(text)


def _table(catalog: Catalog, name: str) -> Table:
    found = catalog.table(name)
    if found is None:
        raise KeyError(f"the catalog has no table {name}")
    return found


def _required(table: Table, key: ForeignKey) -> bool:
    columns = [table.column(name) for name in key.columns]
    return all(column is not None and not column.nullable and column.default is None for column in columns)


def _unique_sets(table: Table) -> list[tuple[str, ...]]:
    return [*([table.primary_key] if table.primary_key else []), *(unique.columns for unique in table.uniques)]


def _every_key(_: Table, __: ForeignKey) -> bool:
    return True


def _required_key(table: Table, key: ForeignKey) -> bool:
    return _required(table, key)


def _no_key(_: Table, __: ForeignKey) -> bool:
    return False


def _referenced(table: Table, counts: Any) -> set[str]:
    return {key.table for key in table.foreign_keys if key.table != table.name and counts(table, key)}


def _numbers(connection: psycopg.Connection, catalog: Catalog) -> Iterator[int]:
    """Numbers that no earlier call has used on this connection's database, as far as rows tell."""
    counts = [SQL("(SELECT count(*) FROM {})").format(_name(table)) for table in catalog.tables]
    answer = connection.execute(SQL("SELECT {}").format(SQL(" + ").join(counts))).fetchone()
    return counting(int(answer[0]) + 1 if answer else 1)
