"""The steps of a derived operation: which repository methods its service calls with what, and what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.binding.model import Action
from agent.stacks.python_fastapi.blueprint.answers import Underivable, nested
from agent.stacks.python_fastapi.blueprint.deriving import Deriving, written_values
from agent.stacks.python_fastapi.blueprint.lists import list_steps
from agent.stacks.python_fastapi.blueprint.operations import PlannedOperation, Steps, call
from agent.stacks.python_fastapi.blueprint.repositories import Method
from agent.stacks.python_fastapi.blueprint.scopes import check_body, check_parents, scope, tells_apart, without_owner
from agent.stacks.python_fastapi.blueprint.sessions import session_steps

if TYPE_CHECKING:
    from agent.stacks.python_fastapi.blueprint.planning import Plan, Resource


def derived_steps(plan: Plan, resource: Resource, planned: PlannedOperation) -> tuple[Steps, frozenset[str]]:
    """The steps, and the arguments that they need. Raises `Underivable` with the reason when there are none."""
    deriving = Deriving(plan, resource, planned)
    if planned.body and planned.body.optional:
        deriving.steps.before += ["if body is None:", '    raise InvalidInput("A body is required.")']
    if planned.bound.own_account:
        deriving.steps.missing = "Unauthenticated"  # an account that is gone is no account
    match planned.bound.action:
        case Action.LIST:
            list_steps(deriving)
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


def _create(one: Deriving) -> None:
    bound = one.bound
    values = check_parents(one)
    if bound.owner:
        values[bound.owner] = one.caller()
    check_body(one)
    one.steps.write = call(
        one.target(one.repository, one.repository.add(Method("create", "create"))), (written_values(one, values),)
    )
    one.steps.answer = (
        one.validated(nested({bound.envelope.data: one.answered()})) if bound.answer else one.validated("{}")
    )


def _retrieve(one: Deriving) -> None:
    _find(one)
    one.steps.answer = one.validated(nested({one.bound.envelope.data: one.answered()}))


def _change(one: Deriving) -> None:
    bound = one.bound
    conditions, arguments = scope(one, item=True)
    if tells_apart(bound):
        _find(one)
        conditions, arguments = without_owner(conditions, arguments)
    check_body(one)
    written = written_values(one, {})
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
    conditions, arguments = scope(one, item=True)
    if tells_apart(bound) or bound.answer:
        _find(one)
        if tells_apart(bound):
            conditions, arguments = without_owner(conditions, arguments)
    method = one.repository.keyed("delete", tuple(conditions))
    one.steps.write = call(one.target(one.repository, method), tuple(arguments.values()))
    one.steps.answer = one.validated(_object_answer(one))


def _object_answer(one: Deriving) -> str:
    if one.bound.answer:
        return nested({one.bound.envelope.data: one.answered()})
    return (
        nested({(name,): repr(value) for name, value in one.bound.confirmed.items()}) if one.bound.confirmed else "{}"
    )


def _find(one: Deriving) -> None:
    bound = one.bound
    conditions, arguments = scope(one, item=True)
    if tells_apart(bound):
        conditions, arguments = without_owner(conditions, arguments)
        owner = one.plan.reading(bound.table).value(str(bound.owner))
        one.steps.forbidden = f"row.{owner} != {one.caller()}"
    method = one.repository.keyed("find", tuple(conditions))
    one.steps.find = call(one.target(one.repository, method), tuple(arguments.values()))
