"""Properties of bodies and answers, and the columns behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.binding.columns import column_for, links, role, short
from agent.binding.converting import conversion, selecting
from agent.binding.inputs import Inputs
from agent.binding.model import Embedded, Field
from agent.binding.reasons import Undecided, all_or_reasons
from agent.binding.shapes import Shape
from agent.binding.words import singular, snake, without_prefix
from agent.catalog.model import ForeignKey, Table
from agent.contract.model import Schema

_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Written:
    """A property of a body, and what may be missing of it."""

    field: Field
    nullable: bool
    """The body may say null."""
    given: bool
    """There is always a value: it is required, or the contract has a default."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The properties of an answer that have a column, and the names of the optional ones that have none."""

    fields: tuple[Field, ...]
    left_out: tuple[str, ...]
    fixed: Mapping[str, str | bool | int] = field(default_factory=dict)
    """Properties without a column that can only have one value."""


def written(inputs: Inputs, table: Table, body: Shape) -> tuple[Written, ...]:
    """The column behind every property of a body; raises `Undecided` when one has none."""
    if not body.is_object and not body.needs:
        raise Undecided("the body is no object with named properties")
    writable = [
        (name, schema)
        for name, schema in body.properties.items()
        if not inputs.shape(schema).schema.get("readOnly")
        and (name in body.required or not _only_repeated(inputs, table, name, schema))
    ]
    found = all_or_reasons(writable, lambda one: _written(inputs, table, one[0], one[1], one[0] in body.required))
    columns = [one.field.column for one in found]
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise Undecided(f"several body properties mean the column `{twice[0]}`")
    return found


def _only_repeated(inputs: Inputs, table: Table, name: str, schema: Schema) -> bool:
    """True for a number that the database alone gives: a client may send back what it got, to no effect."""
    column = column_for(table, name, inputs.shape(schema))
    return column is not None and column.identity == "always" and column.name in table.primary_key


def _written(inputs: Inputs, table: Table, name: str, schema: Schema, required: bool) -> Written:
    said = inputs.shape(schema)
    given = required or said.has_default
    if inputs.users and inputs.is_users(table) and is_password(name):
        password = inputs.users.password
        unsent = said.nullable and not password.nullable
        field = Field(name, password.name, required, secret=True, unsent_when_null=unsent)
        return Written(field, said.nullable and not unsent, given and not unsent)
    column = column_for(table, name, said)
    if column is None:
        raise Undecided(f"body property `{name}` has no column in `{table.name}`")
    if inputs.users and inputs.is_users(table) and column in inputs.users.rights:
        raise Undecided(f"body property `{name}` grants rights, and nothing says who may give them")
    if column.generated or column.identity == "always":
        raise Undecided(f"body property `{name}` writes the column `{column.name}`, which only the database fills")
    between = selecting(inputs.contract, inputs.catalog, column, name, said)
    unsent = said.nullable and not column.nullable
    field = Field(name, column.name, required, conversion=between, unsent_when_null=unsent)
    return Written(field, said.nullable and not unsent, given and not unsent)


def is_password(name: str) -> bool:
    """True for a property that carries a password in plain text."""
    return snake(name) in {"password", "passwd", "pwd", "plain_password", "user_password"}


def answered(inputs: Inputs, table: Table, answer: Shape, trail: tuple[str, ...] = ()) -> Answered:
    """The column or joined row behind every property of an answer.

    Raises `Undecided` when nothing gives a required property. `trail` are the tables on the way here.
    """
    if not answer.is_object:
        raise Undecided(f"the answer is no object with named properties that could be a row of `{table.name}`")
    left_out: list[str] = []
    fixed: dict[str, str | bool | int] = {}

    def derive(name: str) -> tuple[Field, ...]:
        said = inputs.shape(answer.properties[name])
        if said.schema.get("writeOnly"):
            return ()
        if said.only is not None and not trail and column_for(table, name, said) is None:
            fixed[name] = said.only
            return ()
        try:
            return (_answered(inputs, table, name, said, name in answer.required, trail),)
        except Undecided:
            if name in answer.required:
                raise
            left_out.append(name)
            return ()

    fields = all_or_reasons(answer.properties, derive)
    if not any(fields):
        raise Undecided(f"no property of the answer has a column in `{table.name}`")
    return Answered(tuple(one for some in fields for one in some), tuple(left_out), fixed)


def _answered(inputs: Inputs, table: Table, name: str, said: Shape, required: bool, trail: tuple[str, ...]) -> Field:
    column = column_for(table, name, said)
    joined = said.is_object or (said.is_array and inputs.shape(said.items or {}).is_object)
    if joined and not (column and column.base_type in {"json", "jsonb"}):
        return _embedded(inputs, table, name, said, required, trail)
    if column is None:
        raise Undecided(f"answer property `{name}` has no column in `{table.name}`")
    if inputs.users and inputs.is_users(table) and column == inputs.users.password:
        raise Undecided(f"answer property `{name}` would show the stored password")
    between = conversion(inputs.contract, inputs.catalog, column, name, said, writes=False)
    absent = _absent_when_null(inputs, table, column.name, name, said, required)
    return Field(name, column.name, required, conversion=between, absent_when_null=absent)


def _absent_when_null(inputs: Inputs, table: Table, column_name: str, name: str, said: Shape, required: bool) -> bool:
    column = table.column(column_name)
    free = said.nullable or not (said.types or said.values)
    if column is None or free or not column.nullable:
        return False
    if required and inputs.can_be_null(table, column):
        raise Undecided(f"answer property `{name}` is never null, column `{column_name}` can be")
    return not required


def _embedded(inputs: Inputs, table: Table, name: str, said: Shape, required: bool, trail: tuple[str, ...]) -> Field:
    if len(trail) >= _DEEPEST:
        raise Undecided(f"answer property `{name}` nests rows deeper than {_DEEPEST} levels")
    return (_children if said.is_array else _parent)(inputs, table, name, said, required, trail)


def _parent(inputs: Inputs, table: Table, name: str, said: Shape, required: bool, trail: tuple[str, ...]) -> Field:
    link = _link(table, name)
    target = inputs.catalog.table(link.table)
    if target is None:
        raise Undecided(f"answer property `{name}` stands for a row of `{link.table}`, which is not in the schema")
    inner = answered(inputs, target, said, (*trail, table.name)).fields
    absent = _absent_when_null(inputs, table, link.columns[0], name, said, required)
    embedded = Embedded(target.name, link.referenced, link.columns, inner, schema_name=said.name)
    return Field(name, link.columns[0], required, embedded, absent_when_null=absent)


def _link(table: Table, name: str) -> ForeignKey:
    """The foreign key that an object property stands for: by its column's role, else by the table it refers to."""
    by_role = [link for link in links(table) if role(link.columns[0]) == snake(name)]
    by_table = [link for link in links(table) if singular(link.table.rsplit(".", 1)[-1]) == singular(name)]
    for candidates in (by_role, by_table):
        if len(candidates) > 1:
            columns = " and ".join(f"`{link.columns[0]}`" for link in candidates)
            raise Undecided(f"answer property `{name}` can come through the foreign keys {columns} of `{table.name}`")
        if candidates:
            return candidates[0]
    raise Undecided(f"answer property `{name}` is an object, and `{table.name}` has no foreign key of that name")


def _children(inputs: Inputs, table: Table, name: str, said: Shape, required: bool, trail: tuple[str, ...]) -> Field:
    named = [
        (child, link) for child in inputs.catalog.tables for link in links(child) if _is_child(table, name, child, link)
    ]
    if not named:
        raise Undecided(f"answer property `{name}` is a list, and no table of that name refers to `{table.name}`")
    if len(named) > 1:
        choices = " and ".join(f"`{child.name}.{link.columns[0]}`" for child, link in named)
        raise Undecided(f"answer property `{name}` can come through {choices}")
    child, link = named[0]
    inner = answered(inputs, child, inputs.shape(said.items or {}), (*trail, table.name)).fields
    item = inputs.shape(said.items or {})
    return Field(name, "", required, Embedded(child.name, link.columns, link.referenced, inner, True, item.name))


def _is_child(table: Table, name: str, child: Table, link: ForeignKey) -> bool:
    own = singular(short(child))
    return link.table == table.name and singular(name) in {own, without_prefix(own, singular(short(table)))}
