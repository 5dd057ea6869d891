"""A database schema for a contract that came without one: read from its paths, bodies and answers alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from agent.binding.columns import event, role
from agent.binding.fields import is_password
from agent.binding.inputs import Inputs
from agent.binding.owning import OWNER_ROLES
from agent.binding.shapes import Shape
from agent.binding.words import singular, snake, words
from agent.catalog.names import quoted
from agent.contract.model import Contract
from agent.proposal.kinds import beginning, condition, literal, loosest, type_of
from agent.proposal.model import Column, Resource, Table
from agent.proposal.resources import inputs_of, resources_of

PASSWORD = "password_hash"  # noqa: S105 the name of a column
_LOGIN = ("email", "username", "login")
_LONGEST_NAME = 63
_STAMPS = ("created", "updated")
_ASSUMED = "assumed: it is always answered, and need not be sent"
_ASSUMED_FIRST = "assumed: the first of its values to begin with"


def propose(contract: Contract) -> tuple[Table, ...]:
    """The tables that the contract's operations read and write; none where no path names anything that is kept.

    What a contract does not say is assumed, and told in the columns' notes. Pure: the same input gives the same tables.
    """
    schema = _Schema(inputs_of(contract), resources_of(contract))
    return tuple(schema.table(resource) for resource in schema.resources.values())


@dataclass(frozen=True)
class _Schema:
    inputs: Inputs
    resources: dict[str, Resource]

    @cached_property
    def people(self) -> str:
        """Name of the table of those who log in, empty when nobody does."""
        return next((name for name, one in self.resources.items() if one.people), "")

    @cached_property
    def keys(self) -> dict[str, Column]:
        """The key of every table."""
        return {name: _key(self.inputs, resource) for name, resource in self.resources.items()}

    @cached_property
    def rows(self) -> dict[str, str]:
        """Name of a shared schema → the table whose rows it shows."""
        return {said.name: name for name, one in self.resources.items() for said in one.answers if said.name}

    def table(self, resource: Resource) -> Table:
        """One table."""
        key = self.keys[resource.name]
        drawing = _Drawing(self, resource, {key.name: key}, _properties(self.inputs, resource))
        for name, property in drawing.properties.items():
            drawing.draw(name, property)
        drawing.link_parents()
        drawing.link_owner()
        if resource.people:
            drawing.add_credentials()
        drawing.select_by_path()
        drawing.add_stamps()
        columns = drawing.columns
        sought = {snake(name) for name in resource.narrowed}
        indexed = [
            one.name
            for one in columns.values()
            if (one.references or snake(one.name) in sought) and not one.unique and one.name != key.name
            if one.type not in ("jsonb", "boolean") and not one.type.endswith("[]")
        ]
        return Table(resource.name, key.name, columns, tuple(indexed), ", ".join(dict.fromkeys(resource.paths)))

    def linked(self, resource: Resource, name: str) -> str:
        """The table whose key a property of this name holds, empty when it holds none."""
        if words(name)[-1:] not in (("id",), ("uuid",)):
            return ""
        meant = role(name)
        if meant == "parent":
            return resource.name
        ends = [table for table in self.resources if f"_{meant}".endswith(f"_{singular(table)}")]
        return max(ends, key=len, default=self.people if meant in OWNER_ROLES else "")


@dataclass(slots=True)
class _Property:
    """What all schemas say of one property."""

    name: str
    answered: list[Shape] = field(default_factory=list)
    written: list[Shape] = field(default_factory=list)
    always_answered: bool = True
    """Every answer that has it must have it, and never null."""
    always_sent: bool = False
    """Every create gives it a value, and nothing takes it away."""
    created: bool = False
    """Some create may send it."""

    @property
    def shapes(self) -> list[Shape]:
        return [*self.written, *self.answered]


def _properties(inputs: Inputs, resource: Resource) -> dict[str, _Property]:
    """Column name → what is said of it, in the order of the answers, then of the bodies."""
    found: dict[str, _Property] = {}
    for said, answers in [(one, True) for one in resource.answers] + [
        (one, False) for one in (*resource.creates, *resource.changes)
    ]:
        for name, schema in said.properties.items():
            inner = inputs.shape(schema)
            column = (snake(name) or name)[:_LONGEST_NAME]
            one = found.setdefault(column, _Property(name))
            if answers and not inner.schema.get("writeOnly"):
                one.answered.append(inner)
                one.always_answered &= name in said.required and not inner.nullable
            elif not answers and not inner.schema.get("readOnly"):
                one.written.append(inner)
                one.created |= said in resource.creates
    for one in found.values():
        one.always_sent = bool(resource.creates) and all(_gives(inputs, said, one) for said in resource.creates)
        kept = bool(one.answered) and one.always_answered
        one.always_sent &= kept or not any(said.nullable for said in one.written)
    return found


def _gives(inputs: Inputs, body: Shape, one: _Property) -> bool:
    schema = body.properties.get(one.name)
    if schema is None or (said := inputs.shape(schema)).schema.get("readOnly"):
        return False
    return one.name in body.required or said.has_default


def _key(inputs: Inputs, resource: Resource) -> Column:
    """The column that tells one row from the others."""
    own, said = singular(resource.name), _properties(inputs, resource)
    usual = ("id", f"{own}_id", "uuid", f"{own}_uuid")
    selected = [snake(one.name) for one in resource.item]
    natural = [name for name in selected if name in said and said[name].always_sent and name not in usual]
    name = next((name for name in usual if name in said), natural[0] if natural else "")
    name = name or next((one for one in selected if one not in usual), "id")
    shapes = said[name].shapes if name in said else [inputs.shape(one.schema) for one in resource.item[:1]]
    kind = type_of(inputs, shapes[0]) if shapes else "uuid"
    sent = name in natural or (name in said and said[name].always_sent)
    if kind in ("integer", "bigint", "numeric", "double precision"):
        whole = kind if kind == "integer" else "bigint"
        return Column(name, whole, nullable=False, default="" if sent else "identity")
    if kind == "uuid":
        return Column(name, kind, nullable=False, default="" if sent else "gen_random_uuid()")
    return Column(name, "text", nullable=False, default="" if sent else "gen_random_uuid()::text")


@dataclass(slots=True)
class _Drawing:
    """One table on its way."""

    schema: _Schema
    resource: Resource
    columns: dict[str, Column]
    properties: dict[str, _Property]

    def draw(self, name: str, one: _Property) -> None:
        """The column of a property, where it has one."""
        if name in self.columns or not one.shapes:
            return
        if self.resource.people and is_password(one.name):
            return
        target = self.schema.linked(self.resource, one.name)
        if target and not one.shapes[0].is_array:
            self._link(name, target, nullable=not self._is_given(name, one, target))
        elif one.shapes[0].is_object and not one.written:
            self._draw_object(name, one)
        elif not self._is_list_of_rows(one):
            self._draw_value(name, one)

    def link_parents(self) -> None:
        """Foreign keys to what stands before it in paths."""
        for parent in self.resource.parents:
            name = f"{singular(parent)}_id"
            linked = [one for one in self.columns.values() if one.references == parent]
            if not linked and name not in self.columns:
                given = bool(self.resource.above) and all(parent in above for above in self.resource.above)
                self._link(name, parent, nullable=bool(self.resource.above) and not given)

    def link_owner(self) -> None:
        """Whose it is, where the contract speaks of the caller's own and nothing else says it."""
        people, resource = self.schema.people, self.resource
        known = any(one.references == people for one in self.columns.values())
        name = f"{singular(people)}_id"
        elsewhere = resource.people or resource.parents or known or name in self.columns
        if people and resource.personal and not elsewhere:
            self._link(name, people, nullable=False, note="the contract speaks of the caller's own")

    def add_credentials(self) -> None:
        """What a login needs."""
        selecting = [snake(one.name) for one in self.resource.item]
        named = [name for name in (*_LOGIN, *map(snake, self.resource.logins)) if name in self.columns]
        named.sort(key=lambda name: (name not in selecting, self.columns[name].nullable))
        login = named[0] if named else (snake(next(iter(self.resource.logins), "")) or _LOGIN[0])
        known = Column(login, "text", nullable=False, note="callers are known by it")
        self.columns[login] = replace(self.columns.get(login, known), unique=True)
        self.columns.setdefault(PASSWORD, Column(PASSWORD, "text", nullable=False))

    def select_by_path(self) -> None:
        """Columns other than the key that select one row in a path."""
        for parameter in self.resource.item:
            name = snake(parameter.name)
            if name in self.columns and not self.columns[name].references:
                self.columns[name] = replace(self.columns[name], unique=True)

    def add_stamps(self) -> None:
        """When it was made and changed."""
        for stamp in _STAMPS:
            known = [one for one in self.columns.values() if one.type == "timestamptz" and event(one.name) == stamp]
            if not known:
                name = f"{stamp}_at"
                self.columns.setdefault(name, Column(name, "timestamptz", nullable=False, default="now()"))

    def _link(self, name: str, target: str, *, nullable: bool, note: str = "") -> None:
        kind = self.schema.keys[target].type
        self.columns[name] = Column(name, kind, nullable=nullable, references=target, note=note)

    def _is_given(self, name: str, one: _Property, target: str) -> bool:
        """True when every row has a value there: from body or path, or because it names the caller who adds it."""
        path = bool(self.resource.above) and all(target in above for above in self.resource.above)
        owner = target == self.schema.people and role(name) in OWNER_ROLES and not one.created
        alone = not self.resource.creates and one.always_answered
        return one.always_sent or path or alone or (owner and self.resource.protected)

    def _draw_object(self, name: str, one: _Property) -> None:
        """An object that is only answered: a row of another table, else a document."""
        said = one.shapes[0]
        linked = self.schema.linked(self.resource, f"{name}_id")
        target = self.schema.rows.get(said.name, "") or linked
        if not target or target == self.resource.name:
            self._draw_value(name, one)
        elif f"{name}_id" not in (*self.columns, *self.properties):
            self._link(f"{name}_id", target, nullable=not self._is_given(name, one, target))

    def _is_list_of_rows(self, one: _Property) -> bool:
        """True for a list that another table gives."""
        said = one.shapes[0]
        item = self.schema.inputs.shape(said.items or {}) if said.is_array else Shape()
        if one.written or not item.is_object:
            return False
        own = singular(self.resource.name)
        children = (other for other in self.schema.resources.values() if self.resource.name in other.parents)
        return any(singular(one.name) in (singular(child.name), f"{own}_{singular(child.name)}") for child in children)

    def _types(self, one: _Property) -> list[str]:
        """The types of all that is said of it; where bodies take alternatives, only what answers can show."""
        shown = [type_of(self.schema.inputs, said) for said in one.answered]
        sent = [type_of(self.schema.inputs, said) for said in one.written]
        return shown if shown and "jsonb" in sent and "jsonb" not in shown else [*sent, *shown]

    def _counts_rows(self, name: str) -> bool:
        """True for a number of rows of another table: `comment_count`, `total_comments`."""
        said = {singular(word) for word in words(name)}
        counts = bool(said & {"count", "total", "number", "num"})
        return counts and any(set(words(singular(one))) <= said for one in self.schema.resources)

    def _draw_value(self, name: str, one: _Property) -> None:
        kind = loosest(self._types(one))
        said = one.shapes[0]
        required = any(one.name in body.required for body in (*self.resource.creates, *self.resource.changes))
        stamp = kind == "timestamptz" and event(name) in _STAMPS and not (one.written and required)
        default = "now()" if stamp else next((literal(one.default, kind) for one in one.shapes if one.has_default), "")
        note = ""
        owed = bool(one.answered) and one.always_answered and bool(self.resource.creates) and not one.always_sent
        if owed and not default and not (self._counts_rows(name) and not one.created):
            default = beginning(said, kind, sendable=bool(one.written))
            note = (_ASSUMED_FIRST if said.values else _ASSUMED) if default else ""
        alone = not self.resource.creates and bool(one.answered) and one.always_answered
        loose = any(one.nullable for one in one.written) and not owed
        nullable = not (one.always_sent or alone or (bool(default) and not loose))
        listed = tuple(dict.fromkeys(value for shape in one.shapes for value in shape.values))
        bounded = all(shape.values and not shape.is_array for shape in one.shapes)
        check = condition(quoted(name), listed) if bounded else ""
        self.columns[name] = Column(name, kind, nullable=nullable, default=default, check=check, note=note)
