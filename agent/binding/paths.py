"""Paths as tables: which collection or item a path names, and which column every path parameter selects."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agent.binding.columns import alone_unique, column_for, links, only_key, role, short
from agent.binding.converting import INTEGERS, TEXTS, selecting
from agent.binding.inputs import Inputs
from agent.binding.model import PathColumn
from agent.binding.namespaces import is_technical, parts_of, skipped
from agent.binding.reasons import Undecided
from agent.binding.shapes import Shape
from agent.binding.words import singular, snake, words
from agent.catalog.model import Column, ForeignKey, Table
from agent.contract.model import Operation

_PARAMETER = re.compile(r"\{([^{}]+)\}")
ME_WORDS = frozenset({"me", "self", "whoami", "current_user", "current", "profile"})


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the path, and the parameter behind it."""

    literal: str
    parameter: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """What a path names."""

    tables: tuple[Table, ...]
    """One for each step; the last one is the operation's."""
    steps: tuple[Step, ...]
    mine: bool
    """The path begins with the caller: `/me/orders`."""

    @property
    def table(self) -> Table:
        """The operation's table."""
        return self.tables[-1]

    @property
    def is_item(self) -> bool:
        """True when the path ends with a parameter that selects one row."""
        return self.steps[-1].parameter is not None


def steps_of(inputs: Inputs, operation: Operation) -> tuple[Step, ...]:
    """The parts of the path, without what every path begins with, `api`, version and what only groups."""
    parts = parts_of(operation.path)[len(inputs.prefix) :]
    parts = parts[skipped(parts, inputs.groups) :]
    steps: list[Step] = []
    for part in parts:
        parameter = _PARAMETER.fullmatch(part)
        if parameter is None:
            if "{" in part:
                raise Undecided(f"path part `{part}` mixes text and parameter")
            steps.append(Step(part))
        elif not steps or steps[-1].parameter is not None:
            raise Undecided(f"path parameter `{parameter[1]}` has no collection before it")
        else:
            steps[-1] = Step(steps[-1].literal, parameter[1])
    if not steps:
        raise Undecided("the path names nothing")
    return tuple(steps)


def literal_words(step: Step) -> str:
    """The part in snake_case, as it stands in lists of known words."""
    return snake(step.literal)


def route(inputs: Inputs, operation: Operation) -> Route:
    """The tables along the path; raises `Undecided` when a part of it is none."""
    steps = steps_of(inputs, operation)
    rest = _without_me(inputs, steps)
    mine = len(rest) < len(steps)
    if not rest:
        raise Undecided("only reading, changing and removing are derived for the caller's own account")
    said = inputs.corrections.of(operation.key).table
    if said:
        rest = (*(step for step in rest[:-1] if step.parameter), rest[-1])
    tables: list[Table] = []
    for number, step in enumerate(rest):
        known = inputs.catalog.table(said) if said and number + 1 == len(rest) else None
        tables.append(known or _table(inputs, step, tables[-1] if tables else None))
        if step.parameter is None and number + 1 < len(rest):
            behind = rest[number + 1].literal
            raise Undecided(f"`{behind}` behind the whole collection `{step.literal}` is no item: something computed")
    return Route(tuple(tables), rest, mine)


def nearest(inputs: Inputs, operation: Operation) -> tuple[Table | None, str]:
    """The deepest table that the path names, None when there is none, and a name for the module it belongs to."""
    whole = parts_of(operation.path)[len(inputs.prefix) :]
    behind = whole[skipped(whole, inputs.groups) :]
    parts = [part for part in behind if words(part) and "{" not in part and not is_technical(part)]
    known: Table | None = None
    for part in parts:
        found = _named(inputs, part, known)
        known = found[0] if len(found) == 1 else known
    return known, parts[0] if parts else next(iter(operation.tags), "service")


def path_columns(inputs: Inputs, operation: Operation, way: Route) -> tuple[PathColumn, ...]:
    """The column behind every path parameter, parents linked to what follows them."""
    found: list[PathColumn] = []
    for number, (step, table) in enumerate(zip(way.steps, way.tables, strict=True)):
        if step.parameter is None:
            continue
        one = _selected(inputs, operation, table, step.parameter)
        if number + 1 < len(way.steps):
            below = way.tables[number + 1]
            link = _link(below, table, one)
            _demand_unique(table, {one.column}, step.parameter)
            here, there = link.columns[0], link.referenced[0]
            one = replace(one, joint=here, link=here if number + 2 == len(way.steps) else None)
            one = replace(one, key="" if there == one.column else there)
        else:
            above = {found[-1].joint} if found and found[-1].joint else set()
            _demand_unique(table, {one.column, *above}, step.parameter)
        found.append(one)
    return tuple(found)


def _without_me(inputs: Inputs, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if inputs.users is None:
        return steps
    for length in (1, 2):
        first, last = steps[0], steps[min(length, len(steps)) - 1]
        plain = first.parameter is None and last.parameter is None and literal_words(last) == "me"
        if plain and len(steps) >= length and (length == 1 or singular(first.literal) == _users_word(inputs)):
            return steps[length:]
    return steps


def _users_word(inputs: Inputs) -> str:
    return singular(short(inputs.users.table)) if inputs.users else ""


def _table(inputs: Inputs, step: Step, parent: Table | None) -> Table:
    found = _named(inputs, step.literal, parent)
    if len(found) > 1:
        names = " and ".join(f"`{table.name}`" for table in found)
        raise Undecided(f"path part `{step.literal}` can mean the tables {names}")
    if found:
        return found[0]
    if parent is not None and _named(inputs, step.literal, None):
        raise Undecided(f"`{step.literal}` below `{parent.name}`: no table of that name refers to `{parent.name}`")
    if parent is not None:
        raise Undecided(f"path part `{step.literal}` is no table: an action on `{parent.name}`, or something computed")
    raise Undecided(f"path part `{step.literal}` is no table of the schema")


def _named(inputs: Inputs, literal: str, parent: Table | None) -> list[Table]:
    sought = {singular(literal)}
    if parent is not None:
        sought.add(f"{singular(short(parent))}_{singular(literal)}")
    found = [table for table in inputs.catalog.tables if singular(short(table)) in sought]
    if parent is None:
        return found
    return [table for table in found if any(key.table == parent.name for key in links(table))]


def _selected(inputs: Inputs, operation: Operation, table: Table, name: str) -> PathColumn:
    declared = [one for one in operation.parameters if one.location == "path" and one.name == name]
    if not declared:
        raise Undecided(f"path parameter `{name}` is not declared")
    said = inputs.shape(declared[0].schema)
    column = column_for(table, name, said) or _key_by_place(inputs, table, name, said)
    if column is None:
        raise Undecided(f"path parameter `{name}` has no column in `{table.name}`")
    between = selecting(inputs.contract, inputs.catalog, column, name, said)
    return PathColumn(name, table.name, column.name, conversion=between)


def _key_by_place(inputs: Inputs, table: Table, name: str, said: Shape) -> Column | None:
    """The key that an id behind a collection means, whatever the id is called: `/warehouse-items/{itemId}`.

    Also where it bears the collection's own name: `/customers/{customer}`.

    Not where it is called after another table, nor where what is sent is no value of the key.
    """
    key, meant = only_key(table), role(name)
    others = {singular(short(one)) for one in inputs.catalog.tables if one.name != table.name}
    own = singular(name) == singular(short(table))
    if key is None or not (own or words(name)[-1:] in (("id",), ("uuid",))) or meant in others:
        return None
    whole = said.types in ({"integer"}, {"number"}) and key.base_type in INTEGERS
    text = own and said.types == {"string"} and not said.format and key.base_type in TEXTS
    return key if whole or text or (said.format == "uuid" and key.base_type == "uuid") else None


def _demand_unique(table: Table, columns: set[str | None], name: str) -> None:
    keys = [table.primary_key, *(unique.columns for unique in table.uniques if not unique.partial)]
    keys += [(column,) for column in alone_unique(table)]
    if not any(key and set(key) <= columns for key in keys):
        raise Undecided(f"path parameter `{name}` does not select one row: its column in `{table.name}` is not unique")


def _link(child: Table, parent: Table, selected: PathColumn) -> ForeignKey:
    found = [key for key in links(child) if key.table == parent.name]
    fitting = [key for key in found if key.referenced == (selected.column,)] or found
    if len(fitting) > 1:
        named = [key for key in fitting if role(key.columns[0]) == role(selected.parameter)]
        if len(named) != 1:
            columns = " and ".join(f"`{key.columns[0]}`" for key in fitting)
            raise Undecided(
                f"`{child.name}` refers to `{parent.name}` through {columns}, and nothing says which is meant"
            )
        fitting = named
    return fitting[0]
