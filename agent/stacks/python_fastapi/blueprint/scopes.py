"""Which rows an operation is about: those of its path, of its caller, and what must exist above them."""

from __future__ import annotations

from dataclasses import replace

from agent.binding.model import Action, Bound, PathColumn
from agent.binding.words import singular
from agent.stacks.python_fastapi.blueprint.answers import Underivable
from agent.stacks.python_fastapi.blueprint.deriving import Deriving, above
from agent.stacks.python_fastapi.blueprint.naming import Names, snake
from agent.stacks.python_fastapi.blueprint.operations import call
from agent.stacks.python_fastapi.blueprint.repositories import Condition, below, equals, guarded


def scope(one: Deriving, *, item: bool) -> tuple[list[Condition], dict[str, str]]:
    """The conditions that the operation's rows must fulfil, and the argument's values."""
    bound = one.bound
    reading = one.plan.reading(bound.table)
    conditions: list[Condition] = []
    arguments: dict[str, str] = {}

    def add(condition: Condition, value: str) -> None:
        free = condition.argument
        while free in arguments:
            free = f"{free}_too"
        conditions.append(replace(condition, argument=free, label=free))
        arguments[free] = value

    higher = above(bound)
    if item:
        for step in bound.path[len(higher) :]:
            name = one.parameter(step.parameter, "path")
            typed = next(found.inner for found in one.planned.parameters if found.name == name)
            add(equals(reading.table, reading.spot(step.column), step.column, step.conversion, typed), name)
    unseen = any(step.owner or (one.plan.mark(step.table) and not step.key) for step in higher)
    if not item or len(higher) > 1 or unseen:
        check_parents(one)
    for step in higher[-1:]:
        column = step.joint or step.link
        name = one.parameter(step.parameter, "path")
        if column:
            typed = next(found.inner for found in one.planned.parameters if found.name == name)
            add(
                below(
                    reading.table,
                    reading.spot(column),
                    step,
                    one.plan.table(step.table),
                    typed,
                    one.plan.mark(step.table),
                ),
                name,
            )
    if bound.owner:
        owned = equals(reading.table, reading.spot(bound.owner), bound.owner, "", one.plan.caller_id)
        add(replace(owned, owns=True), one.caller())
    for guard in bound.guards:
        label = snake(guard.here)
        add(
            guarded(guard, reading.spot(guard.here), one.plan.caller_id, label, one.plan.mark(guard.table)),
            one.caller(),
        )
    if not conditions and item:
        raise Underivable("nothing in its path selects a row")
    return conditions, arguments


def check_parents(one: Deriving) -> dict[str, str]:
    """Check that what stands above in the path exists, and is the caller's where it must be.

    Gives the values of the columns that refer to it, for a row that is to stand below.
    """
    before: PathColumn | None = None
    for step in above(one.bound):
        repository = one.plan.repository(one.resource, step.table)
        reading = one.plan.reading(step.table)
        name = one.parameter(step.parameter, "path")
        typed = next(found.inner for found in one.planned.parameters if found.name == name)
        conditions = [equals(reading.table, reading.spot(step.column), step.column, step.conversion, typed)]
        values = [name]
        if before is not None and before.joint:
            name_above = one.parameter(before.parameter, "path")
            kind = next(found.inner for found in one.planned.parameters if found.name == name_above)
            table = one.plan.table(before.table)
            conditions.append(
                below(reading.table, reading.spot(before.joint), before, table, kind, one.plan.mark(before.table))
            )
            values.append(name_above)
        if step.owner:
            conditions.append(equals(reading.table, reading.spot(step.owner), step.owner, "", one.plan.caller_id))
            values.append(one.caller())
        reads = bool(step.key) and step.link is not None and one.bound.action is Action.CREATE
        method = repository.keyed("find" if reads else "exists", tuple(conditions))
        said = call(one.target(repository, method), tuple(values))
        if reads and step.link:
            return {step.link: _key_of(one, step, said)}
        if said not in one.steps.checks:
            one.steps.checks.append(said)
        before = step
    column = before and (before.joint or before.link)
    return {column: one.parameter(before.parameter, "path")} if before and column else {}


def _key_of(one: Deriving, step: PathColumn, found: str) -> str:
    """Read what stands above; the expression of its key."""
    taken = ("row", "body", "caller", *(parameter.name for parameter in one.planned.parameters))
    name = Names(*taken).take(singular(step.table.rsplit(".", 1)[-1]))
    one.steps.above += [f"{name} = await {found}", f"if {name} is None:", "    raise NotFound"]
    return f"{name}.{one.plan.reading(step.table).value(step.key)}"


def check_body(one: Deriving) -> None:
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


def tells_apart(bound: Bound) -> bool:
    """Whether somebody else's object is 403; else it is 404 like one that does not exist."""
    another = bound.owner is not None and not bound.own_account
    return another and any(answer.status == "403" for answer in bound.operation.answers)


def without_owner(conditions: list[Condition], arguments: dict[str, str]) -> tuple[list[Condition], dict[str, str]]:
    """The same, but for whose the row is."""
    kept = [condition for condition in conditions if not condition.owns]
    return kept, {condition.argument: arguments[condition.argument] for condition in kept}
