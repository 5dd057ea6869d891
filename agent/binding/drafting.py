"""First look at an operation: what it does with which table, and what its body writes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.binding.columns import event
from agent.binding.converting import TEMPORAL
from agent.binding.fields import Written, written
from agent.binding.inputs import Inputs, success_shape, why_no_users
from agent.binding.marking import demand_living, demand_removal
from agent.binding.model import Action, Field, Mark, PathColumn
from agent.binding.own import keeps_secret, own_account_action
from agent.binding.paths import Route, path_columns, route
from agent.binding.permissions import demand_permission
from agent.binding.reasons import Undecided
from agent.binding.sessions import sent_shape, session_action
from agent.binding.shapes import Shape
from agent.catalog.model import Column, Table
from agent.contract.model import Operation

_ITEM_ACTIONS = {"get": Action.RETRIEVE, "put": Action.REPLACE, "patch": Action.PATCH, "delete": Action.DELETE}
_LIST_ACTIONS = {"get": Action.LIST, "post": Action.CREATE}
_KNOWN_HEADERS = frozenset(
    {"authorization", "accept", "accept-language", "content-type", "user-agent", "idempotency-key", "x-request-id"}
    | {"x-correlation-id", "traceparent", "tracestate", "x-csrf-token"}
)
WRITES = frozenset({Action.CREATE, Action.REGISTER, Action.REPLACE, Action.PATCH})


@dataclass(frozen=True, slots=True)
class Draft:
    """An operation whose action is known."""

    operation: Operation
    action: Action
    table: Table
    path: tuple[PathColumn, ...] = ()
    mine: bool = False
    body: tuple[Written, ...] = ()


def draft(inputs: Inputs, operation: Operation) -> Draft:
    """What the operation does; raises `Undecided` when that cannot be derived."""
    said = inputs.corrections.of(operation.key)
    if said.hole:
        raise Undecided(said.hole)
    demand_permission(inputs, operation)
    _demand_known_headers(operation)
    session = session_action(inputs, operation) if not said.table else None
    if session is not None:
        return _about_session(inputs, operation, session)
    own = own_account_action(inputs, operation) if not said.table else None
    if own is not None and inputs.users is not None:
        _demand_settled(inputs, operation, own, inputs.users.table)
        return _with_body(inputs, Draft(operation, own, inputs.users.table, mine=True))
    way = route(inputs, operation)
    action = _action(inputs, operation, way)
    return _with_body(inputs, Draft(operation, action, way.table, path_columns(inputs, operation, way), way.mine))


def _with_body(inputs: Inputs, one: Draft) -> Draft:
    """The draft with what its body writes."""
    operation, action = one.operation, one.action
    _demand_no_query(operation, action)
    body = _body(inputs, operation, action, one.table) if action in WRITES else ()
    if action is Action.REPLACE and (_keeps_unsent(one.table, body) or keeps_secret(body)):
        action = Action.PATCH
    if action not in WRITES and operation.body is not None and _carries_anything(inputs, operation):
        raise Undecided(f"a {operation.method.upper()} with a body: nothing says what it does")
    return replace(one, action=action, body=body)


def _carries_anything(inputs: Inputs, operation: Operation) -> bool:
    """False for a body that may be left out and has no properties, which some generators write everywhere."""
    body = operation.body
    shapes = [inputs.shape(schema) for schema in body.content.values()] if body else []
    return body is not None and (body.required or any(one.types != {"object"} or one.properties for one in shapes))


def _about_session(inputs: Inputs, operation: Operation, action: Action) -> Draft:
    if inputs.users is None:
        raise Undecided(why_no_users(inputs.catalog))
    _demand_no_query(operation, action)
    body = _body(inputs, operation, action, inputs.users.table) if action is Action.REGISTER else ()
    return Draft(operation, action, inputs.users.table, body=body)


def _action(inputs: Inputs, operation: Operation, way: Route) -> Action:
    known = _ITEM_ACTIONS if way.is_item else _LIST_ACTIONS
    action = known.get(operation.method)
    if action is None:
        what = "one item" if way.is_item else "a collection"
        raise Undecided(f"{operation.method.upper()} on {what} has no settled meaning")
    if action is Action.LIST and not _answers_list(inputs, operation):
        raise Undecided(f"reading the collection `{way.table.name}` answers something else than a list")
    _demand_settled(inputs, operation, action, way.table)
    return action


def _demand_settled(inputs: Inputs, operation: Operation, action: Action, table: Table) -> None:
    success = operation.success
    if success is not None and success.status == "202":
        raise Undecided("202 is answered before the work is done, and nothing says what happens later")
    mark = inputs.marks.get(table.name)
    if action is Action.DELETE:
        demand_removal(table, mark, operation)
    elif action in {Action.LIST, Action.RETRIEVE}:
        demand_living(table, mark, operation)


def _answers_list(inputs: Inputs, operation: Operation) -> bool:
    """True when a list stands in the answer, at most two levels down."""
    said = success_shape(inputs, operation)
    level = [said] if said else []
    for _ in range(3):
        if any(one.is_array for one in level):
            return True
        level = [inputs.shape(schema) for one in level for schema in one.properties.values()]
    return False


def _body(inputs: Inputs, operation: Operation, action: Action, table: Table) -> tuple[Written, ...]:
    if operation.body is None:
        raise Undecided(f"a {operation.method.upper()} without a body: nothing says what is written")
    said = sent_shape(inputs, operation)
    if said is None:
        raise Undecided(f"the body is {next(iter(operation.body.content), 'empty')}, not JSON")
    if operation.body.json is None:
        _demand_plain_values(inputs, said)
    if any("json-patch" in media for media in operation.body.content):
        raise Undecided("the body is a JSON Patch")
    found = tuple(one for one in written(inputs, table, said) if not _is_kept(action, table, one))
    mark = inputs.marks.get(table.name)
    for one in found:
        _demand_free(action, table, one.field, mark)
    return found


def _demand_plain_values(inputs: Inputs, form: Shape) -> None:
    """Raise `Undecided` for what has no settled way of being written in a form: whether `1` is true, what `nan` is."""
    if form.needs:
        raise Undecided("the body is a form that needs one of several fields")
    for name, schema in form.properties.items():
        said = inputs.shape(schema)
        one = inputs.shape(said.items or {}) if said.is_array else said
        if said.several or not one.types or not one.types <= {"string", "integer"}:
            raise Undecided(f"the body is a form, and `{name}` is neither text nor a whole number")


def _is_kept(action: Action, table: Table, one: Written) -> bool:
    """True for what a client only sends back as it got it: a key without meaning, a moment that the service keeps."""
    column = table.column(one.field.column)
    if column is None:
        return False
    made_up = column.base_type == "uuid" or bool(column.identity) or "nextval(" in (column.default or "")
    if column.name in table.primary_key and action in {Action.REPLACE, Action.PATCH}:
        return made_up and table.primary_key == (column.name,)
    return not one.field.required and _is_stamp(column)


def _is_stamp(column: Column) -> bool:
    return column.base_type in TEMPORAL - {"date"} and event(column.name) in {"created", "updated"}


def _keeps_unsent(table: Table, body: tuple[Written, ...]) -> bool:
    """True for a PUT that demands nothing although some column must have a value: only keeping it can be meant."""
    columns = [table.column(one.field.column) for one in body]
    bare = any(column and not column.nullable and not column.server_filled for column in columns)
    return bare and not any(one.field.required for one in body)


def _demand_free(action: Action, table: Table, field: Field, mark: Mark | None) -> None:
    """Raise `Undecided` for a column that a caller cannot be meant to set."""
    column = table.column(field.column)
    if mark is not None and field.column in mark.columns:
        raise Undecided(f"body property `{field.property}` sets `{field.column}`, which marks what was removed")
    if action in {Action.REPLACE, Action.PATCH} and field.column in table.primary_key:
        raise Undecided(f"body property `{field.property}` would change the key `{field.column}`")
    if column and _is_stamp(column):
        raise Undecided(f"body property `{field.property}` sets `{field.column}`, which the service keeps itself")


def _demand_known_headers(operation: Operation) -> None:
    for one in operation.parameters:
        if one.location == "cookie" or (one.location == "header" and one.name.lower() not in _KNOWN_HEADERS):
            raise Undecided(f"nothing says what the {one.location} `{one.name}` does")


def _demand_no_query(operation: Operation, action: Action) -> None:
    names = [one.name for one in operation.parameters if one.location == "query"]
    if names and action is not Action.LIST:
        raise Undecided(f"nothing says what the query parameter `{names[0]}` does")
