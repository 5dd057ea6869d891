"""Depth: what slips past the boundary is refused by the database all the same.

In a migrated database, as the service's own role, rows are changed so that each breaks one constraint of the supplied
schema. A check that is too involved to be broken by guessing is not judged; the receipt says how many there were.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import errors
from psycopg.sql import SQL, Composed, Identifier, Literal

from agent.catalog.demands import constants_of
from agent.catalog.model import Catalog, CheckConstraint, Column, Table
from agent.catalog.rows import SeedFailed, seed
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import NotMigrated

RULES: Mapping[str, str] = {
    "PRI-DEPTH": "depth: rows that break each constraint of the schema, written by SQL with the service's role",
}

_NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})
_TEXTS = frozenset({"text", "varchar", "bpchar", "citext"})
_NO_UUID = "00000000-0000-4000-8000-0000deadbeef"
_NO_NUMBER = 1_999_999_937
_LONG = 5_000
_REFUSED = (errors.IntegrityError, errors.DataError, errors.RaiseException)

Change = Mapping[str, Any]
"""Column → value."""


@dataclass(slots=True)
class Tried:
    """What came of it."""

    refused: list[str] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    reproduce: str = ""


async def settle(case: Case, owing: Owing, bench: Bench) -> Found:
    """Settle what the constraints of the migrated database owe."""
    try:
        async with bench.migrated() as opened:
            with case.server.connect(opened.database) as connection:
                tried = await asyncio.to_thread(try_all, connection, case.catalog)
    except NotMigrated as error:
        return owing.cannot(RULES, str(error), ran="migrate a database", reproduce=error.reproduce)
    if not tried.refused and not tried.problems:
        return Found(owing.leave("PRI-DEPTH", "not applicable: the schema has no constraint that could be broken"))
    ran = f"{len(tried.refused) + len(tried.problems)} changes by SQL, each against one constraint"
    rest = f"; not judged: {', '.join(tried.unjudged)}" if tried.unjudged else ""
    found = f"refused by the database: {', '.join(tried.refused)}{rest}"
    return Found(owing.judge("PRI-DEPTH", tried.problems, ran=ran, found=found, reproduce=tried.reproduce))


def try_all(connection: psycopg.Connection, catalog: Catalog) -> Tried:
    """Break every constraint of the schema, as the role of the connection; nothing that is done stays."""
    tried = Tried()
    for table in catalog.tables:
        try:
            rows = seed(connection, catalog, table.name, 2)
        except (SeedFailed, psycopg.Error):
            tried.unjudged.append(f"{table.name} (no row could be made)")
            continue
        breaker = _Breaker(connection, table, rows[-1], tried)
        for name, change in plain_breaches(table, rows[0], rows[-1]):
            breaker.expect_refusal(name, change)
        for check in table.checks:
            breaker.break_check(check)
    return tried


def plain_breaches(table: Table, other: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[tuple[str, Change]]:
    """What a constraint is called, and a change of `row` that breaks it; checks aside. `other` is another row."""
    written = [one for one in table.columns if not one.generated and one.identity != "always"]
    for column in written:
        if not column.nullable:
            yield f"{table.name}.{column.name} NOT NULL", {column.name: None}
        if column.enum and not column.array:
            yield f"{table.name}.{column.name} of {column.enum}", {column.name: "no such value"}
        if column.max_length and not column.array and column.base_type in _TEXTS:
            length = column.max_length
            yield f"{table.name}.{column.name} of at most {length} characters", {column.name: "x" * (length + 1)}
    names = {column.name for column in written}
    keys = [*((one.name, one.columns) for one in table.uniques if not one.partial), ("primary key", table.primary_key)]
    for name, columns in keys:
        taken = {column: other[column] for column in columns}
        if taken and names.issuperset(taken) and None not in taken.values() and other != row:
            yield f"{table.name} {name}", taken
    for key in table.foreign_keys:
        nowhere = {name: _nothing(table.column(name)) for name in key.columns}
        if names.issuperset(nowhere) and None not in nowhere.values():
            yield f"{table.name} {key.name}", nowhere


def guesses(column: Column, check: CheckConstraint) -> Iterator[Any]:
    """Values of a column that the check may refuse: around its constants, and those that checks are made against."""
    constants = constants_of(check.expression)
    if column.base_type in _NUMBERS:
        numbers = [int(one) if one == one.to_integral_value() else one for one in constants if isinstance(one, Decimal)]
        yield from dict.fromkeys((*(value for one in numbers for value in (one - 1, one + 1, one)), -1, 0))
    elif column.base_type in _TEXTS:
        lengths = [int(one) for one in constants if isinstance(one, Decimal) and 0 <= one < _LONG]
        yield from dict.fromkeys(("", " ", "no such value", "?", *("x" * one for one in lengths), "x" * _LONG))
        yield from ("x" * (one + 1) for one in lengths)
    elif column.base_type == "bool":
        yield from (True, False)
    elif column.base_type in ("date", "timestamp", "timestamptz"):
        yield from ("0001-01-02", "9999-01-01")


def _nothing(column: Column | None) -> Any:
    """A key that no row has; None when none can be made up."""
    if column is None or column.array:
        return None
    if column.base_type == "uuid":
        return _NO_UUID
    if column.base_type in ("int4", "int8", "numeric"):
        return _NO_NUMBER
    return "?" if column.base_type in _TEXTS and not column.enum else None


@dataclass(slots=True)
class _Breaker:
    """Changes one row again and again, and takes every change back."""

    connection: psycopg.Connection
    table: Table
    row: Mapping[str, Any]
    tried: Tried

    def expect_refusal(self, constraint: str, change: Change) -> None:
        """Note whether the database refuses the change, or a trigger of its own puts it right."""
        refusal, stands = self._change(change, "TRUE")
        self._note(constraint, change, refused=isinstance(refusal, _REFUSED) or (refusal is None and not stands))

    def break_check(self, check: CheckConstraint) -> None:
        """Guess until the check refuses a value, or one stands that its expression, as supplied, does not allow."""
        for column in filter(None, map(self.table.column, check.columns)):
            for value in guesses(column, check):
                refusal, broken = self._change({column.name: value}, f"NOT ({_condition(check)})")
                if isinstance(refusal, errors.CheckViolation) or broken:
                    self._note(f"{self.table.name} {check.name}", {column.name: value}, refused=not broken)
                    return
        self.tried.unjudged.append(f"{self.table.name} {check.name}")

    def _change(self, change: Change, condition: str) -> tuple[psycopg.Error | None, bool]:
        """Why the change was refused, None when it was not; whether it then stands in a row of that condition."""
        try:
            with self.connection.transaction(force_rollback=True):
                self.connection.execute(SQL("{} WHERE {}").format(self._statement(change), self._where(self.row)))
                self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                return None, self._stands(change, condition)
        except psycopg.Error as error:
            return error, False

    def _stands(self, change: Change, condition: str) -> bool:
        same = SQL(" AND ").join(
            SQL("{} IS NOT DISTINCT FROM {}").format(Identifier(name), Literal(value)) for name, value in change.items()
        )
        whole = SQL("SELECT 1 FROM {} WHERE {} AND {} AND ").format(
            _name(self.table), self._where({**self.row, **change}), same
        )
        # The condition is the schema's own text; it runs as the database's owner, as its constraint does.
        query = f"{whole.as_string(self.connection)}({condition})"
        return self.connection.execute(query.encode()).fetchone() is not None

    def _where(self, row: Mapping[str, Any]) -> Composed:
        names = self.table.primary_key or tuple(row)
        return SQL(" AND ").join(
            SQL("{} IS NOT DISTINCT FROM {}").format(Identifier(name), Literal(row[name])) for name in names
        )

    def _statement(self, change: Change) -> Composed:
        values = SQL(", ").join(SQL("{} = {}").format(Identifier(n), Literal(value)) for n, value in change.items())
        return SQL("UPDATE {} SET {}").format(_name(self.table), values)

    def _note(self, constraint: str, change: Change, *, refused: bool) -> None:
        if refused:
            self.tried.refused.append(constraint)
            return
        statement = self._statement(change).as_string(self.connection)
        self.tried.problems.append(f"{constraint}: the database took {_shown(statement)}")
        self.tried.reproduce = self.tried.reproduce or (
            f"BEGIN; {statement}; ROLLBACK;  -- as the service's role, with two rows in {self.table.name}"
        )


def _condition(check: CheckConstraint) -> str:
    return check.expression.removeprefix("CHECK").removesuffix("NOT VALID").removesuffix("NO INHERIT")


def _name(table: Table) -> Identifier:
    schema, dot, name = table.name.partition(".")
    return Identifier(schema, name) if dot else Identifier("public", table.name)


def _shown(statement: str) -> str:
    return statement if len(statement) <= 240 else f"{statement[:240]} …"
