"""One operation on its way from binding to the steps of a service's method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.binding.model import Action, Bound, PathColumn
from agent.catalog.model import Table
from agent.contract.model import Contract, Schema
from agent.stacks.python_fastapi.blueprint.annotations import Typed
from agent.stacks.python_fastapi.blueprint.answers import Mapper, Underivable
from agent.stacks.python_fastapi.blueprint.columns import python_type, quoted
from agent.stacks.python_fastapi.blueprint.naming import snake
from agent.stacks.python_fastapi.blueprint.operations import PlannedOperation, Steps, call
from agent.stacks.python_fastapi.blueprint.repositories import Condition, Method, Repository, equals
from agent.stacks.python_fastapi.blueprint.schemas import body_schema, reference
from agent.stacks.python_fastapi.blueprint.text import literal
from agent.stacks.python_fastapi.blueprint.values import BodyValues

if TYPE_CHECKING:
    from agent.stacks.python_fastapi.blueprint.planning import Plan, Resource


@dataclass
class Deriving:
    """One operation on its way to steps."""

    plan: Plan
    resource: Resource
    planned: PlannedOperation
    steps: Steps = field(default_factory=Steps)
    used: set[str] = field(default_factory=set)

    @property
    def bound(self) -> Bound:
        """What the operation does."""
        return self.planned.bound

    @property
    def repository(self) -> Repository:
        """Of the operation's table."""
        return self.plan.repository(self.resource, self.bound.table)

    def target(self, repository: Repository, method: str) -> str:
        """A repository's method as the service calls it."""
        return f"self._{repository.attribute}.{method}"

    def caller(self) -> str:
        """The caller's id as an expression."""
        if not self.planned.caller or self.planned.optional_caller:
            raise Underivable("it belongs to the caller, and can be called without credentials")
        self.used.add("caller")
        return "caller.id"

    def parameter(self, name: str, location: str = "query") -> str:
        """The Python name of a parameter."""
        found = next(
            (one for one in self.planned.parameters if one.original == name and one.location == location), None
        )
        if found is None:
            raise Underivable(f"there is no {location} parameter `{name}`")
        self.used.add(found.name)
        return found.name

    def values(self) -> BodyValues:
        """How values come out of the body."""
        schema = body_schema(self.bound.operation)
        if self.planned.body is None or self.planned.body.raw or schema is None:
            raise Underivable("its body is neither JSON nor a form")
        self.used.add("body")
        return self._carried(self.planned.body.type)

    def _carried(self, kind: str) -> BodyValues:
        """What the body carries; that it does is checked where the contract does not demand it."""
        spot, schemas = "body", self.plan.schemas
        for name in self.bound.operation.body.within if self.bound.operation.body else ():
            found = schemas.field(kind, name)
            kind = next((one for one in (found.type if found else "").split(" | ") if one in schemas.fields), "")
            if found is None or not kind:
                raise Underivable(f"body property `{name}` is not in every form of the body")
            spot = f"{spot}.{found.name}"
            lacking = [f"{spot} is {one}" for one in ("MISSING", "None") if one in found.type.split(" | ")]
            self._refuse(" or ".join(lacking), f"The body needs the property `{name}`.")
        return BodyValues(schemas, kind, spot)

    def _refuse(self, condition: str, reason: str) -> None:
        """Refuse a request of which that is true, once; nothing where there is no condition."""
        line = f"if {condition}:"
        if condition and line not in self.steps.before:
            self.steps.before += [line, f"    raise InvalidInput({literal(reason)})"]

    def mapper(self) -> Mapper:
        """The function that makes the answer's object of a row."""
        bound = self.bound
        return self.resource.mappers.mapper(bound.table, bound.answer, self._answer_name(), bound.fixed)

    def children(self, mapper: Mapper, ids: str) -> Iterator[tuple[str, str, str, str]]:
        """(Argument, call, field here, field there) of the lists inside the answer's objects."""
        for argument, child in mapper.children:
            repository = self.plan.repository(self.resource, child.repository)
            reading = self.plan.reading(child.repository)
            column = next(key[1] for key, one in reading.fields.items() if one.name == child.there)
            condition = many_condition(reading.table, reading.spot(column), column)
            method = repository.add(Method("children", child.method, (condition,)))
            yield (
                argument,
                f"await {call(self.target(repository, method), (ids.format(child.here),))}",
                child.here,
                child.there,
            )

    def answered(self, row: str = "row") -> str:
        """The answer's object of one row as an expression."""
        mapper = self.mapper()
        for argument, source, _, _ in self.children(mapper, "[row.{}]"):
            self.steps.between.append(f"{argument} = {source}")
        return call(mapper.name, (row, *(argument for argument, _ in mapper.children)))

    def validated(self, expression: str) -> str:
        """The answer of an expression; None where the operation answers without a body."""
        kind = self.planned.answer.type
        if kind == "Response":
            raise Underivable("its answer is not JSON")
        return "" if kind == "None" else f"{kind}.model_validate({expression})"

    def _answer_name(self) -> str:
        schema = self.bound.operation.success.json if self.bound.operation.success else None
        for part in self.bound.envelope.data:
            whole = self.plan.contract.resolve(schema or {})
            schema = property_schema(self.plan.contract, whole, part)
        if schema is not None and self.bound.action is Action.LIST:
            schema = self.plan.contract.resolve(schema).get("items")
        name = reference(schema) if schema else None
        return name or self.plan.reading(self.bound.table).stem


def key_condition(plan: Plan, table: str, column: str) -> Condition:
    """The column is equal to an argument."""
    reading = plan.reading(table)
    return equals(reading.table, reading.spot(column), column, "")


def many_condition(table: Table, spot: str, column: str) -> Condition:
    """The column is any of several values."""
    found = table.column(column)
    assert found is not None, f"{table.name}.{column}"
    one = python_type(found, "", nullable=False)
    several = Typed(f"Sequence[{one.text}]", one.imports | {"from collections.abc import Sequence"})
    return Condition(f"{spot} = ANY({{}})", f"{snake(column)}s", several, snake(column))


def above(bound: Bound) -> tuple[PathColumn, ...]:
    """The steps of the path that select other rows than the item itself."""
    return tuple(step for step in bound.path if step.joint or step.link or step.table != bound.table)


def written_values(one: Deriving, given: dict[str, str]) -> str:
    """The values of a write as a dict literal, by column as it stands in SQL."""
    bound, repository = one.bound, one.repository
    table = one.plan.reading(bound.table).table
    entries = {quoted(column): value for column, value in given.items()}
    if bound.body:
        body = one.values()
        for item in bound.body:
            column = table.column(item.column)
            if column is None or item.embedded:
                raise Underivable(f"body property `{item.property}` is not one column")
            if not repository.write(column, "" if item.conversion == "whole" else item.conversion):
                raise Underivable(f"column `{item.column}` is written in two ways")
            entries[quoted(item.column)] = body.value(item, partial=bound.action is Action.PATCH)
    for step in above(bound)[-1:]:
        column = table.column(step.joint or step.link or "")
        if column is not None and not repository.write(column, "" if step.key else step.conversion):
            raise Underivable(f"column `{column.name}` is written in two ways")
    for name, fill in bound.filled.items():
        column = table.column(name)
        if column is not None and column.base_type == "timestamp":
            repository.write(column, "utc")
        entries[quoted(name)] = "uuid4()" if fill == "uuid" else "NOW"
    body_text = "{" + ", ".join(f'"{_escaped(column)}": {value}' for column, value in entries.items())
    literal = body_text + (",}" if entries else "}")
    return f"given({literal})" if bound.action is Action.PATCH else literal


def property_schema(contract: Contract, schema: Schema, name: str) -> Schema | None:
    """The schema of a property, `allOf` looked through."""
    found: Schema | None = schema.get("properties", {}).get(name)
    if found is not None:
        return found
    parts = (contract.resolve(part) for part in schema.get("allOf", ()))
    return next((one for part in parts if (one := property_schema(contract, part, name)) is not None), None)


def _escaped(column: str) -> str:
    return column.replace("\\", "\\\\").replace('"', '\\"')
