"""Rows that have to exist before an operation can be asked, and the path values and bodies that lead to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from math import ceil, floor
from typing import Any
from uuid import UUID

from agent.binding.model import Action, Binding, Bound, PathColumn
from agent.binding.model import Field as BoundField
from agent.binding.words import singular, snake, words
from agent.catalog.demands import demands_of
from agent.catalog.model import Catalog, Table
from agent.checklist.probe.accounts import Caller, password
from agent.checklist.probe.asking import Asker, known_row
from agent.checklist.probe.requests import ABSENT, Request, body_schema
from agent.checklist.probe.store import NoRow, Row, referenced
from agent.checklist.probe.users import Users
from agent.checklist.probe.values import to_json
from agent.checklist.routes import erased, parameters
from agent.checklist.running import Reply
from agent.contract.model import Operation, Schema

_DEEPEST = 6
_PRESENT = frozenset({"current", "old", "present", "existing", "previous"})


@dataclass(frozen=True, slots=True)
class Need:
    """For whom a request is made, and what is fixed about it."""

    caller: Caller | None
    row: Row | None = None
    """The row that the path shall lead to."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Values that columns of the operation's table shall get."""
    fresh: bool = False
    """Make new rows for everything that it refers to."""


@dataclass(slots=True)
class World:
    """The rows of one database that the probe made, and may use again."""

    asker: Asker
    users: Users
    binding: Binding
    catalog: Catalog
    _rows: dict[str, Row] = field(default_factory=dict)
    _refusing: set[str] = field(default_factory=set)
    """Tables whose own create operation did not work: their rows are written into the database."""
    _making: list[str] = field(default_factory=list)
    _open: frozenset[str] = frozenset()
    """Parameters that could carry a key, and with whatever value are let in."""

    async def row(
        self, table: str, caller: Caller | None, *, fresh: bool = False, fixed: Mapping[str, Any] | None = None
    ) -> Row:
        """A row of the table that belongs to the caller; a new one when asked for, or when columns are fixed.

        It is made through the API where that works, else in the database. Raises `NoRow`.
        """
        accounts = self.binding.accounts
        mine = self.users.row(caller) if accounts and table == accounts.table and not fixed else None
        if mine is not None:
            return mine
        name = f"{table} of {caller.login if caller else ''}"
        known = None if fresh or fixed else self._rows.get(name)
        known = self.asker.store.fresh(known) if known else None
        if known is None or self._removed(known):
            known = await self._made(table, Need(caller, fixed=fixed or {}, fresh=fresh))
            self._rows[name] = known
        return known

    def _removed(self, row: Row) -> bool:
        """Whether the row is marked as removed."""
        mark = self.binding.marks.get(row.table.name)
        return mark is not None and any(row.values[name] not in (None, False) for name in mark.columns)

    async def create(self, bound: Bound, need: Need) -> tuple[Request, Reply, Row | None]:
        """Ask a create operation for a new row: the request, the answer, the row."""
        table = self.catalog.table(bound.table)
        request = await self.request(bound, need)
        before = self.asker.store.keys(table) if table else set()
        reply = await self.asker.send(request)
        return request, reply, self.made_row(bound, reply, before)

    def made_row(self, bound: Bound, reply: Reply, before: set[tuple[str, ...]]) -> Row | None:
        """The row that a create operation made: by the key in its answer, else the one that was not there before."""
        table = self.catalog.table(bound.table)
        if table is None:
            return None
        new = self.asker.store.keys(table) - before
        named = known_row(self.asker.store, bound, reply)
        if named is None and len(new) == 1:
            return self.asker.store.by_key(table, new.pop())
        return named

    async def request(self, bound: Bound, need: Need) -> Request:
        """A request for an operation. Raises `NoRow` and `NoCredentials`."""
        values = await self.path_values(bound, need)
        body = await self.body(bound, need)
        request = self.asker.request(bound.operation, caller=need.caller, path_values=values, body=body)
        await self._knock(request)
        return request

    async def _knock(self, request: Request) -> None:
        """Raise `NoCredentials` where it is refused for want of a key that nobody told.

        What is sent for that leads to nothing and carries nothing, so that it changes nothing where it is let in.
        """
        operation, nowhere = request.operation, dict(request.path_values)
        lacking = frozenset(self.asker.lacking(operation)) - self._open
        if not lacking or not (operation.method == "get" or operation.body or nowhere):
            return
        for name in nowhere:
            like = nowhere[name]
            bits = self.asker.chance.getrandbits(122)
            nowhere[name] = 2_000_000_000 + bits % 10**8 if isinstance(like, int) else str(UUID(int=bits, version=4))
        knock = replace(request, path_values=nowhere, body=ABSENT)
        self.asker.demand_let_in(knock, await self.asker.send(knock))
        self._open |= lacking

    def owner_column(self, table: str) -> str | None:
        """The column that holds whose row it is, None when rows of the table belong to nobody."""
        return next((one.owner for one in self.binding.operations if one.table == table and one.owner), None)

    async def path_values(self, bound: Bound, need: Need) -> dict[str, Any]:
        """A value for each path parameter, so that they lead to the needed row, or to parents that exist."""
        known = {need.row.table.name: need.row} if need.row else {}
        steps = {step.parameter: step for step in bound.path} or self.guessed_path(bound.operation)
        values: dict[str, Any] = {}
        for name in reversed(parameters(bound.operation.path)):
            step = steps.get(name)
            if step is None:
                values[name] = self._made_up_parameter(bound.operation, name, need.caller)
            elif step.link and need.row and need.row.table.name == bound.table:
                values[name] = self._selecting(step, need.row.values[step.link])
            elif step.link and step.link in need.fixed:
                values[name] = self._selecting(step, need.fixed[step.link])
            else:
                found = known.get(step.table) or self._above(known, step.table)
                found = found or await self.row(step.table, need.caller, fresh=need.fresh)
                known[step.table] = found
                values[name] = to_json(found.values[step.column])
        return {name: values[name] for name in parameters(bound.operation.path)}

    def _selecting(self, step: PathColumn, held: Any) -> Any:
        """The value that selects the parent of which a row holds this."""
        table = self.catalog.table(step.table)
        if not step.key or table is None:
            return to_json(held)
        parent = self.asker.store.find(table, {step.key: held})
        if parent is None:
            raise NoRow(f"{step.table} has no row whose {step.key} is {held}")
        return to_json(parent.values[step.column])

    def guessed_path(self, operation: Operation) -> dict[str, PathColumn]:
        """Where an operation that nobody bound leads: as the same beginning of a path leads elsewhere."""
        found: dict[str, PathColumn] = {}
        for other in self.binding.operations:
            for step in other.path:
                beginning = _up_to(other.operation.path, step.parameter)
                for name in parameters(operation.path):
                    if _up_to(operation.path, name) == beginning:
                        found.setdefault(name, step)
        return found

    async def body(self, bound: Bound, need: Need) -> Any:
        """A body that fits the contract, and whose references lead to rows that exist; ABSENT where there is none."""
        found = body_schema(bound.operation)
        if found is None:
            return ABSENT
        if bound.action is Action.REGISTER:
            return self.users.registration_body(bound)
        member = await self.users.member() if bound.action is Action.LOGIN else None
        if member is not None:
            return self.users.login_body(bound, member)
        body = self.asker.made_up(found[1])
        if not isinstance(body, dict):
            return body
        if bound.presented and need.caller is not None:
            body[bound.presented] = need.caller.refresh_token
        fields = {one.property: one for one in bound.body}
        for name in list(body):
            one = fields.get(name)
            if one is not None and one.embedded is None:
                await self._place(body, found[1], bound, one, need)
            elif one is None:
                await self._guess(body, found[1], bound, name, need)
        self._set_in_order(body, bound)
        return body

    def _set_in_order(self, body: dict[str, Any], bound: Bound) -> None:
        """Move dates behind those that a check of the table wants before them."""
        table = self.catalog.table(bound.table)
        names = {one.column: one.property for one in bound.body}
        for column, demands in demands_of(table).items() if table else ():
            for earlier in demands.later_than:
                first, second = body.get(names.get(earlier, "")), body.get(names.get(column, ""))
                if isinstance(first, str) and isinstance(second, str) and second <= first:
                    moved = _day_after(first)
                    body[names[column]] = moved or second

    async def _guess(self, body: dict[str, Any], schema: Schema, bound: Bound, name: str, need: Need) -> None:
        """Fill a property that nobody bound, from its name: a password, a refresh token, a reference."""
        said = words(name)
        if "password" in said:
            known = need.caller.password if need.caller and _PRESENT.intersection(said) else None
            self.asker.put(body, schema, name, known or password(self.asker.chance))
        elif said == ("refresh", "token") and need.caller and need.caller.refresh_token:
            self.asker.put(body, schema, name, need.caller.refresh_token)
        else:
            target = self.guessed_target(bound, name)
            if target is not None:
                await self._refer(body, name, target, need)

    def _is_login(self, name: str) -> bool:
        accounts = self.binding.accounts
        return accounts is not None and snake(name) in {accounts.login_column, "email", "username", "login"}

    def guessed_target(self, bound: Bound, name: str) -> tuple[str, str] | None:
        """Table and column that a body's property of an operation that nobody bound refers to, by its name."""
        column = snake(name)
        if not column.endswith("_id"):
            return None
        for table in self.catalog.tables:
            target = referenced(table, column)
            if target is not None:
                return target
        stem = column.removesuffix("_id")
        for table in self.catalog.tables:
            single = singular(table.name.rsplit(".", 1)[-1])
            if len(table.primary_key) == 1 and (stem == single or stem.endswith(f"_{single}")):
                return table.name, table.primary_key[0]
        beside = self.path_table(bound)
        return (beside.name, beside.primary_key[0]) if beside and len(beside.primary_key) == 1 else None

    def path_table(self, bound: Bound) -> Table | None:
        """The table of the last path parameter."""
        steps = {step.parameter: step for step in bound.path} or self.guessed_path(bound.operation)
        last = next((steps[name] for name in reversed(parameters(bound.operation.path)) if name in steps), None)
        return self.catalog.table(last.table) if last else self.catalog.table(bound.table)

    async def _place(self, body: dict[str, Any], schema: Schema, bound: Bound, one: BoundField, need: Need) -> None:
        table = self.catalog.table(bound.table)
        column = table.column(one.column) if table else None
        target = referenced(table, one.column) if table else None
        if one.secret:
            self.asker.put(body, schema, one.property, password(self.asker.chance))
        elif one.column in need.fixed:
            body[one.property] = to_json(need.fixed[one.column])
        elif target is None:
            text, longest = body[one.property], column.max_length if column else None
            if longest and isinstance(text, str) and len(text) > longest:
                body[one.property] = text[-longest:].strip()
            if one.conversion == "whole" and isinstance(text, float):
                any(self.asker.put(body, schema, one.property, whole) for whole in (floor(text), ceil(text)))
        elif target[0] != bound.table:
            await self._refer(body, one.property, target, need)
        elif column is not None and column.nullable and not one.required:
            del body[one.property]  # a tree's root: a row that refers to no other row of its own table

    async def _refer(self, body: dict[str, Any], name: str, target: tuple[str, str], need: Need) -> None:
        other = await self.row(target[0], need.caller, fresh=need.fresh)
        if need.row and other.table.name == need.row.table.name and other.key == need.row.key:
            other = await self.row(target[0], need.caller, fresh=True)
        body[name] = to_json(other.values[target[1]])

    async def _made(self, table: str, need: Need) -> Row:
        if len(self._making) >= _DEEPEST or self._making.count(table) > 1:
            raise NoRow(f"rows of {' → '.join(self._making)} → {table} need each other")
        self._making.append(table)
        try:
            made = None if table in self._refusing else await self._through_api(table, need)
            return made or await self._from_below(table, need)
        finally:
            self._making.pop()

    async def _through_api(self, table: str, need: Need) -> Row | None:
        for bound in self.binding.operations:
            if bound.table != table or bound.action is not Action.CREATE:
                continue
            _, reply, made = await self.create(bound, need)
            if reply.status == 409:  # made from rows that may be used once only
                _, reply, made = await self.create(bound, Need(need.caller, need.row, need.fixed, fresh=True))
            if made is not None and 200 <= reply.status < 300:
                return made
            self._refusing.add(table)
        return None

    async def _from_below(self, table: str, need: Need) -> Row:
        known = self.catalog.table(table)
        if known is None:
            raise NoRow(f"the schema has no table {table}")
        values = dict(need.fixed)
        owner = self.owner_column(table)
        if owner and need.caller is not None:
            values.setdefault(owner, need.caller.id)
        for key in known.foreign_keys:
            column = known.column(key.columns[0])
            if len(key.columns) == 1 and column and key.columns[0] not in values and not column.nullable:
                parent = await self.row(key.table, need.caller, fresh=need.fresh)
                values[key.columns[0]] = parent.values[key.referenced[0]]
        return self.asker.store.seed(table, values)

    def _above(self, known: Mapping[str, Row], table: str) -> Row | None:
        """The row of `table` to which one of the known rows refers."""
        wanted = self.catalog.table(table)
        for row in known.values():
            for key in row.table.foreign_keys:
                if key.table == table and wanted is not None:
                    pairs = zip(key.referenced, key.columns, strict=True)
                    return self.asker.store.find(wanted, {there: row.values[here] for there, here in pairs})
        return None

    def _made_up_parameter(self, operation: Operation, name: str, caller: Caller | None) -> Any:
        if caller is not None and self._is_login(name):
            return caller.login
        schema = next((one.schema for one in operation.parameters if one.location == "path" and one.name == name), {})
        value = self.asker.made_up(schema)
        return "x" if value is ABSENT or value == "" else value


def _up_to(path: str, parameter: str) -> str:
    end = "{" + parameter + "}"
    return erased(path.split(end)[0] + end)


def _day_after(said: str) -> str:
    """The same moment a day later; empty when the text is no date."""
    try:
        day = date.fromisoformat(said[:10]) + timedelta(days=1)
    except (ValueError, OverflowError):
        return ""
    return day.isoformat() + said[10:]
