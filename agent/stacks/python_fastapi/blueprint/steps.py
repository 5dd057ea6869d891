"""The steps of a derived operation: which repository methods its service calls with what, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.binding.model import Action, Bound, Field, Meta, PathColumn
from agent.stacks.python_fastapi.blueprint.answers import Mapper, Underivable, nested
from agent.stacks.python_fastapi.blueprint.columns import python_type, quoted
from agent.stacks.python_fastapi.blueprint.naming import snake
from agent.stacks.python_fastapi.blueprint.operations import PlannedOperation, Steps, call
from agent.stacks.python_fastapi.blueprint.repositories import (
    Condition,
    Method,
    Repository,
    equals,
    filtered,
    guarded,
)
from agent.stacks.python_fastapi.blueprint.schemas import body_schema, reference
from agent.stacks.python_fastapi.blueprint.sessions import session_steps
from agent.stacks.python_fastapi.blueprint.values import BodyValues

if TYPE_CHECKING:
    from agent.stacks.python_fastapi.blueprint.planning import Plan, Resource

_SESSIONS = {Action.REGISTER, Action.LOGIN, Action.REFRESH, Action.LOGOUT, Action.ME}
_WRITES = {Action.CREATE, Action.REPLACE, Action.PATCH, Action.REGISTER}


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
        return BodyValues(self.plan.schemas, self.planned.body.type)

    def mapper(self) -> Mapper:
        """The function that makes the answer's object of a row."""
        return self.resource.mappers.mapper(self.bound.table, self.bound.answer, self._answer_name())

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
        extra = [f"await_{argument}" for argument, _ in mapper.children]
        for argument, source, _, _ in self.children(mapper, "[row.{}]"):
            self.steps.between.append(f"{argument} = {source}")
        return call(mapper.name, (row, *(one.removeprefix("await_") for one in extra)))

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
            schema = _property(self.plan, whole, part)
        if schema is not None and self.bound.action is Action.LIST:
            schema = self.plan.contract.resolve(schema).get("items")
        name = reference(schema) if schema else None
        return name or self.plan.reading(self.bound.table).stem


def derived_steps(plan: Plan, resource: Resource, planned: PlannedOperation) -> tuple[Steps, frozenset[str]]:
    """The steps, and the arguments that they need. Raises `Underivable` with the reason when there are none."""
    deriving = Deriving(plan, resource, planned)
    if planned.body and planned.body.optional:
        deriving.steps.before += ["if body is None:", '    raise InvalidInput("A body is required.")']
    match planned.bound.action:
        case Action.LIST:
            _list(deriving)
        case Action.CREATE:
            _create(deriving)
        case Action.RETRIEVE:
            _retrieve(deriving)
        case Action.REPLACE | Action.PATCH:
            _change(deriving)
        case Action.DELETE:
            _delete(deriving)
        case _:
            session_steps(deriving)
    unused = [one.original for one in planned.parameters if one.name not in deriving.used]
    if unused:
        raise Underivable(f"nothing tells what parameter `{unused[0]}` means here")
    return deriving.steps, frozenset(deriving.used)


def key_condition(plan: Plan, table: str, column: str) -> Condition:
    """The column is equal to an argument."""
    reading = plan.reading(table)
    return equals(reading.table, reading.spot(column), column, "")


def many_condition(table, spot: str, column: str) -> Condition:  # type: ignore[no-untyped-def]
    """The column is any of several values."""
    typed = python_type(table.column(column), "", nullable=False)
    several = type(typed)(f"Sequence[{typed.text}]", typed.imports | {"from collections.abc import Sequence"})
    return Condition(f"{spot} = ANY({{}})", f"{snake(column)}s", several, snake(column))


def _list(one: Deriving) -> None:
    bound, repository = one.bound, one.repository
    reading = one.plan.reading(bound.table)
    conditions, arguments = _scope(one, item=False)
    names = {condition.argument for condition in conditions}
    for filter_ in bound.filters:
        name = one.parameter(filter_.parameter)
        planned = next(found for found in one.planned.parameters if found.name == name)
        argument = name if name not in names else f"{name}_filter"
        names.add(argument)
        conditions.append(filtered(reading, filter_, argument, planned.inner))
        arguments[argument] = name
    for taken in ("sort", "limit", "offset"):
        if taken in names:
            raise Underivable(f"a filter is called `{taken}`")
    counted = bool(bound.envelope.total_header) or bool({Meta.TOTAL, Meta.PAGES} & set(bound.envelope.meta.values()))
    if bound.sorting:
        arguments["sort"] = _order(one)
    arguments |= _window(one)
    name = repository.add(
        Method(
            "list",
            f"list_{repository.attribute}" if one.planned.name in ("find", "create") else one.planned.name,
            tuple(conditions),
            sorted=bool(bound.sorting),
            counted=counted,
        )
    )
    if bound.sorting:
        repository.sorts[name] = {spelt: reading.spot(column) for spelt, column in bound.sorting.columns.items()}
    one.steps.counted, one.steps.total_header = counted, bound.envelope.total_header
    one.steps.find = call(one.target(repository, name), arguments)
    mapper = one.mapper()
    extra = ""
    for argument, source, here, there in one.children(mapper, "[row.{} for row in rows]"):
        one.steps.between.append(f"{argument} = grouped({source}, lambda row: row.{there})")
        extra += f", {argument}.get(row.{here}, [])"
    values = {bound.envelope.data: f"[{mapper.name}(row{extra}) for row in rows]"}
    values |= {path: _meta(one, meta) for path, meta in bound.envelope.meta.items()}
    one.steps.answer = one.validated(nested(values))


def _meta(one: Deriving, meta: Meta) -> str:
    paging = one.bound.paging
    limit = _limit(one)
    match meta:
        case Meta.TOTAL:
            return "total"
        case Meta.LIMIT:
            return limit
        case Meta.PAGES:
            return f"-(-total // {limit})"
        case Meta.OFFSET:
            return _given(one, paging.page_parameter, "0") if paging and paging.style == "offset" else "0"
        case Meta.PAGE:
            paged = paging and paging.style == "page"
            return _given(one, paging.page_parameter, str(paging.first)) if paging and paged else "1"


def _window(one: Deriving) -> dict[str, str]:
    paging = one.bound.paging
    limit = _limit(one)
    if paging is None or paging.style == "none" or not paging.page_parameter:
        return {"limit": limit, "offset": "0"}
    start = _given(one, paging.page_parameter, str(paging.first if paging.style == "page" else 0))
    if paging.style == "offset":
        return {"limit": limit, "offset": start}
    begins = f"({start} - {paging.first})" if paging.first else start
    return {"limit": limit, "offset": f"{begins} * {limit}"}


def _limit(one: Deriving) -> str:
    paging = one.bound.paging
    if paging is None or not paging.limit_parameter:
        return str(paging.maximum if paging and paging.style == "none" else paging.default if paging else 100)
    given = _given(one, paging.limit_parameter, str(paging.default))
    schema = next(found.schema for found in one.bound.operation.parameters if found.name == paging.limit_parameter)
    bounded = "maximum" in one.plan.contract.resolve(schema)
    return given if bounded else f"min({given}, {paging.maximum})"


def _given(one: Deriving, parameter: str, otherwise: str) -> str:
    name = one.parameter(parameter)
    planned = next(found for found in one.planned.parameters if found.name == name)
    return f"({otherwise} if {name} is None else {name})" if "None" in planned.inner.text else name


def _order(one: Deriving) -> str:
    sorting = one.bound.sorting
    assert sorting is not None
    default = ",".join(sorting.default)
    name = one.parameter(sorting.parameter)
    planned = next(found for found in one.planned.parameters if found.name == name)
    wanted = f'",".join({name} or [])' if planned.inner.text.startswith("list[") else name
    optional = "None" in planned.inner.text or planned.inner.text.startswith("list[")
    chosen = f'({wanted} or "{default}")' if optional else wanted
    if not sorting.direction_parameter:
        return chosen.removeprefix("(").removesuffix(")") if chosen.startswith("(") else chosen
    direction = one.parameter(sorting.direction_parameter)
    shown = next(found for found in one.planned.parameters if found.name == direction)
    otherwise = "desc" if sorting.descending else "asc"
    said = f'({direction} or "{otherwise}")' if "None" in shown.inner.text else direction
    return f'f"-{{{chosen}}}" if {said}.lower() == "desc" else {chosen}'


def _create(one: Deriving) -> None:
    bound = one.bound
    _parents(one)
    values: dict[str, str] = {}
    for step in _above(bound)[-1:]:
        column = step.joint or step.link
        if column:
            values[column] = one.parameter(step.parameter, "path")
    if bound.owner:
        values[bound.owner] = one.caller()
    _body_guards(one)
    one.steps.write = call(
        one.target(one.repository, one.repository.add(Method("create", "create"))), (_written(one, values),)
    )
    one.steps.answer = (
        one.validated(nested({bound.envelope.data: one.answered()})) if bound.answer else one.validated("{}")
    )


def _written(one: Deriving, given: dict[str, str]) -> str:
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
            if not repository.write(column, item.conversion):
                raise Underivable(f"column `{item.column}` is written in two ways")
            entries[quoted(item.column)] = body.value(item, partial=bound.action is Action.PATCH)
    for step in _above(bound)[-1:]:
        column = table.column(step.joint or step.link or "")
        if column is not None and not repository.write(column, step.conversion):
            raise Underivable(f"column `{column.name}` is written in two ways")
    for name, fill in bound.filled.items():
        column = table.column(name)
        if column is not None and column.base_type == "timestamp":
            repository.write(column, "utc")
        entries[quoted(name)] = "uuid4()" if fill == "uuid" else "NOW"
    body_text = "{" + ", ".join(f'"{_escaped(column)}": {value}' for column, value in entries.items())
    literal = body_text + (",}" if entries else "}")
    return f"given({literal})" if bound.action is Action.PATCH else literal


def _retrieve(one: Deriving) -> None:
    _find(one)
    one.steps.answer = one.validated(nested({one.bound.envelope.data: one.answered()}))


def _change(one: Deriving) -> None:
    bound = one.bound
    conditions, arguments = _scope(one, item=True)
    if _tells_apart(bound):
        _find(one)
        conditions, arguments = _without_owner(one, conditions, arguments)
    _body_guards(one)
    written = _written(one, {})
    maybe_empty = bound.action is Action.PATCH and not bound.filled
    repository = one.repository
    method = repository.keyed("change", tuple(conditions), maybe_empty=maybe_empty)
    if maybe_empty:
        repository.keyed("find", tuple(conditions))
    if bound.action is Action.REPLACE and not bound.body and not bound.filled:
        raise Underivable("nothing is replaced")
    one.steps.write = call(one.target(repository, method), (*arguments.values(), written))
    one.steps.answer = (
        one.validated(nested({bound.envelope.data: one.answered()})) if bound.answer else one.validated("{}")
    )


def _delete(one: Deriving) -> None:
    bound = one.bound
    conditions, arguments = _scope(one, item=True)
    if _tells_apart(bound) or bound.answer:
        _find(one)
        if _tells_apart(bound):
            conditions, arguments = _without_owner(one, conditions, arguments)
    method = one.repository.keyed("delete", tuple(conditions))
    one.steps.write = call(one.target(one.repository, method), tuple(arguments.values()))
    one.steps.answer = one.validated(_object_answer(one))


def _object_answer(one: Deriving) -> str:
    return nested({one.bound.envelope.data: one.answered()}) if one.bound.answer else "{}"


def _find(one: Deriving) -> None:
    bound = one.bound
    conditions, arguments = _scope(one, item=True)
    if _tells_apart(bound):
        conditions, arguments = _without_owner(one, conditions, arguments)
        owner = one.plan.reading(bound.table).value(str(bound.owner))
        one.steps.forbidden = f"row.{owner} != {one.caller()}"
    method = one.repository.keyed("find", tuple(conditions))
    one.steps.find = call(one.target(one.repository, method), tuple(arguments.values()))


def _tells_apart(bound: Bound) -> bool:
    """Whether somebody else's object is 403; else it is 404 like one that does not exist."""
    return bound.owner is not None and any(answer.status == "403" for answer in bound.operation.answers)


def _without_owner(
    one: Deriving, conditions: list[Condition], arguments: dict[str, str]
) -> tuple[list[Condition], dict[str, str]]:
    label = snake(str(one.bound.owner))
    kept = [condition for condition in conditions if condition.label != label]
    return kept, {condition.argument: arguments[condition.argument] for condition in kept}


def _scope(one: Deriving, *, item: bool) -> tuple[list[Condition], dict[str, str]]:
    """The conditions that the operation's rows must fulfil, and the argument's values."""
    bound = one.bound
    reading = one.plan.reading(bound.table)
    conditions: list[Condition] = []
    arguments: dict[str, str] = {}

    def add(condition: Condition, value: str) -> None:
        if condition.argument not in arguments:
            conditions.append(condition)
            arguments[condition.argument] = value

    above = _above(bound)
    if item:
        for step in bound.path[len(above) :]:
            name = one.parameter(step.parameter, "path")
            typed = next(found.inner for found in one.planned.parameters if found.name == name)
            add(equals(reading.table, reading.spot(step.column), step.column, step.conversion, typed), name)
    if not item or len(above) > 1 or any(step.owner for step in above):
        _parents(one)
    for step in above[-1:]:
        column = step.joint or step.link
        name = one.parameter(step.parameter, "path")
        if column:
            typed = next(found.inner for found in one.planned.parameters if found.name == name)
            add(equals(reading.table, reading.spot(column), column, step.conversion, typed), name)
    if bound.owner:
        add(equals(reading.table, reading.spot(bound.owner), bound.owner, "", one.plan.caller_id), one.caller())
    for guard in bound.guards:
        label = snake(guard.here)
        add(
            guarded(guard.table, guard.column, reading.spot(guard.here), guard.owner, one.plan.caller_id, label),
            one.caller(),
        )
    if not conditions and item:
        raise Underivable("nothing in its path selects a row")
    return conditions, arguments


def _parents(one: Deriving) -> None:
    """Check that what stands above in the path exists, and is the caller's where it must be."""
    before: PathColumn | None = None
    for step in _above(one.bound):
        repository = one.plan.repository(one.resource, step.table)
        reading = one.plan.reading(step.table)
        name = one.parameter(step.parameter, "path")
        typed = next(found.inner for found in one.planned.parameters if found.name == name)
        conditions = [equals(reading.table, reading.spot(step.column), step.column, step.conversion, typed)]
        values = [name]
        if before is not None and before.joint:
            above = one.parameter(before.parameter, "path")
            kind = next(found.inner for found in one.planned.parameters if found.name == above)
            conditions.append(equals(reading.table, reading.spot(before.joint), before.joint, before.conversion, kind))
            values.append(above)
        if step.owner:
            conditions.append(equals(reading.table, reading.spot(step.owner), step.owner, "", one.plan.caller_id))
            values.append(one.caller())
        method = repository.keyed("exists", tuple(conditions))
        said = call(one.target(repository, method), tuple(values))
        if said not in one.steps.checks:
            one.steps.checks.append(said)
        before = step


def _body_guards(one: Deriving) -> None:
    """Check that the rows which the body refers to are the caller's."""
    for guard in one.bound.guards:
        item = next((found for found in one.bound.body if found.column == guard.here), None)
        if item is None:
            continue
        body = one.values()
        repository = one.plan.repository(one.resource, guard.table)
        reading = one.plan.reading(guard.table)
        table = reading.table
        conditions = (
            equals(table, reading.spot(guard.column), guard.column, item.conversion),
            equals(table, reading.spot(guard.owner), guard.owner, "", one.plan.caller_id),
        )
        value = body.plain(item)
        said = call(one.target(repository, repository.keyed("exists", conditions)), (value, one.caller()))
        if body.may_be_missing(item):
            raise Underivable(f"`{item.property}` must refer to something of the caller's, and may be left out")
        one.steps.checks.append(said)


def _above(bound: Bound) -> tuple[PathColumn, ...]:
    return tuple(step for step in bound.path if step.joint or step.link or step.table != bound.table)


def _property(plan: Plan, schema, name: str):  # type: ignore[no-untyped-def]
    """The schema of a property, `allOf` looked through."""
    found = schema.get("properties", {}).get(name)
    if found is not None:
        return found
    parts = (plan.contract.resolve(part) for part in schema.get("allOf", ()))
    return next((one for part in parts if (one := _property(plan, part, name)) is not None), None)


def _escaped(column: str) -> str:
    return column.replace("\\", "\\\\").replace('"', '\\"')


__all__ = ["Deriving", "Field", "derived_steps", "key_condition"]
