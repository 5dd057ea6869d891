"""Envelopes: where in an answer the row or the list stands, and what the properties beside it mean."""

from __future__ import annotations

from agent.binding.beside import Beside, beside_list, demand_both_ways
from agent.binding.columns import column_for, short
from agent.binding.cursors import cursor, cursor_back
from agent.binding.fields import Answered, answered
from agent.binding.inputs import Inputs, success_shape
from agent.binding.model import Action, Envelope
from agent.binding.reasons import Undecided
from agent.binding.shapes import Shape
from agent.binding.words import singular, snake
from agent.catalog.model import Table
from agent.contract.model import Operation

_WRAPPERS = frozenset(
    {"data", "item", "items", "result", "results", "record", "records", "rows", "content", "response", "embedded"}
)
_DONE = frozenset({"success", "ok", "deleted"})
_TELLS = frozenset({"message", "msg", "detail"})
_CONSTRAINTS = frozenset({"const", "enum", "pattern", "format", "minLength", "maxLength"})
_TOTAL_HEADERS = frozenset({"x_total_count", "x_total", "total_count", "x_total_items"})


def row_answer(inputs: Inputs, operation: Operation, action: Action, table: Table) -> tuple[Envelope, Answered]:
    """What the answer of an operation on rows carries, a list of them or one."""
    if action is Action.LIST:
        return list_answer(inputs, operation, table)
    envelope, answer = item_answer(inputs, operation, table)
    if action is Action.RETRIEVE and not answer.fields:
        raise Undecided("an item is asked for, and no JSON answer is declared")
    return envelope, answer


def item_answer(inputs: Inputs, operation: Operation, table: Table) -> tuple[Envelope, Answered]:
    """One row in an answer; nothing at all when the operation answers without a body, or removes and says anything."""
    said = _success(inputs, operation)
    if said is None or (operation.method == "delete" and _is_anything(said)):
        return Envelope(), Answered((), ())
    name = wrapped(inputs, table, said)
    if name is None:
        return Envelope(), answered(inputs, table, said)
    inner = answered(inputs, table, inputs.shape(said.properties[name]))
    beside = tuple(other for other in said.properties if other != name)
    return Envelope((name,)), Answered(inner.fields, (*inner.left_out, *beside), inner.fixed)


def _is_anything(said: Shape) -> bool:
    """True for a schema that leaves open what is said, as long as it may be an empty object."""
    return said.types <= {"object"} and set(said.schema) <= {"type", "title", "description", "examples"}


def list_answer(inputs: Inputs, operation: Operation, table: Table) -> tuple[Envelope, Answered]:
    """A list of rows in an answer, with its total and page where the contract has them."""
    said = _success(inputs, operation)
    if said is None:
        raise Undecided("a list is asked for, and no JSON answer is declared")
    path, rows = list_in(inputs, table, said, ())
    found = answered(inputs, table, inputs.shape(rows.items or {}))
    headers = operation.success.headers if operation.success else {}
    total = next((name for name in headers if snake(name) in _TOTAL_HEADERS), "")
    behind, back = cursor(inputs, operation, table), cursor_back(inputs, operation, table)
    total = "" if behind else total
    beside = beside_list(inputs, said, path, table, behind) if path else Beside()
    if back:
        demand_both_ways(beside, back.name)
    envelope = Envelope(path, beside.meta, total, frozenset(beside.omitted), beside.fixed)
    return envelope, Answered(found.fields, (*found.left_out, *beside.left_out), found.fixed)


def confirmation(inputs: Inputs, operation: Operation, table: Table) -> dict[str, str | bool]:
    """What an answer says that tells nothing but that the row is gone; empty when it carries anything else."""
    said = _success(inputs, operation)
    found: dict[str, str | bool] = {}
    for name, schema in said.properties.items() if said and said.is_object else ():
        one = inputs.shape(schema)
        if snake(name) in _DONE and one.types == {"boolean"} and not one.values:
            found[name] = True
        elif snake(name) in _TELLS and one.types == {"string"} and not _CONSTRAINTS & set(one.schema):
            found[name] = f"The {singular(short(table)).replace('_', ' ')} was deleted."
        else:
            return {}
        if column_for(table, name, one):
            return {}
    return found


def _success(inputs: Inputs, operation: Operation) -> Shape | None:
    good = [answer.status for answer in operation.answers if answer.status.startswith("2")]
    if len(good) > 1:
        raise Undecided(f"several successes are declared ({', '.join(good)}), and nothing says when which is meant")
    said = success_shape(inputs, operation)
    content = operation.success.content if operation.success else {}
    if said is None and content:
        raise Undecided(f"the answer is {next(iter(content))}, not JSON")
    return said


def wrapped(inputs: Inputs, table: Table, said: Shape) -> str | None:
    """The one property that holds the row, None when the answer is the row itself."""
    names = _WRAPPERS | {singular(short(table))}
    found = [
        name for name, schema in said.properties.items() if inputs.shape(schema).is_object and snake(name) in names
    ]
    alone = len(found) == 1 and not (said.required - set(found))
    return found[0] if alone and len(said.properties) <= 2 else None


def list_in(inputs: Inputs, table: Table, said: Shape, path: tuple[str, ...]) -> tuple[tuple[str, ...], Shape]:
    """Where the list stands below `path`, and its shape; raises `Undecided` when there is none, or no telling which."""
    if said.is_array:
        return path, said
    if not said.is_object:
        raise Undecided("a list is asked for, and the answer is none")
    shapes = {name: inputs.shape(schema) for name, schema in said.properties.items()}
    lists = [name for name, one in shapes.items() if one.is_array]
    named = [name for name in lists if snake(name) in _WRAPPERS or singular(name) == singular(short(table))]
    if len(lists) > 1 and len(named) != 1:
        raise Undecided("a list is asked for, and the answer carries several lists")
    lists = named if len(lists) > 1 else lists
    if len(lists) == 1:
        return (*path, lists[0]), shapes[lists[0]]
    wrappers = [name for name, one in shapes.items() if one.is_object and snake(name) in _WRAPPERS]
    if not lists and len(wrappers) == 1 and len(path) < 2:
        return list_in(inputs, table, shapes[wrappers[0]], (*path, wrappers[0]))
    raise Undecided("a list is asked for, and the answer carries none")
