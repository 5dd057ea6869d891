"""Contract tests of operations that nobody could derive: the main path, whatever it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.binding.model import Bound
from agent.catalog.model import Table
from agent.stacks.python_fastapi.project.arrangement import Arrangement, unknown, value_of
from agent.stacks.python_fastapi.project.scenario import (
    Scenario,
    answer_path,
    arrangement,
    ask,
    main_status,
    name_of,
    sender,
)
from agent.stacks.python_fastapi.project.shape import Shape, declares
from agent.stacks.python_fastapi.project.source import Code, literal
from agent.stacks.python_fastapi.project.writing import assigned


def promised(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """A request that fits is answered with the promised status and properties."""
    made = arrangement(shape, bound)
    _make_path(shape, bound, made)
    body = _body(shape, bound, made)
    yield Scenario(
        name_of(bound),
        "A request that fits is answered as the contract promises.",
        [*made.lines, *([assigned(body)] if body is not None else [])],
        ask(
            shape,
            bound,
            made.path,
            body=Code("body") if body is not None else None,
            headers=sender(shape, bound),
        ),
        main_status(bound),
        list(_promises(shape, bound)),
    )


def unknown_things(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """What is not there is not found, where the contract has an answer for it."""
    path = _unknown_path(shape, bound)
    if not path or not declares(bound.operation, 404):
        return
    made = arrangement(shape, bound)
    body = _body(shape, bound, made)
    yield Scenario(
        f"{name_of(bound)}_of_something_unknown",
        "What is not there is not found.",
        [*made.lines, *([assigned(body)] if body is not None else [])],
        ask(shape, bound, path, body=Code("body") if body is not None else None, headers=sender(shape, bound)),
        404,
    )


def _unknown_path(shape: Shape, bound: Bound) -> dict[str, Code]:
    """A value for each parameter of the path that no row has; empty where one names no table."""
    path: dict[str, Code] = {}
    for parameter in bound.operation.parameters:
        if parameter.location == "path":
            table = shape.named(parameter.name)
            if table is None or len(table.primary_key) != 1:
                return {}
            uuid = shape.contract.resolve(parameter.schema).get("format") == "uuid"
            path[parameter.name] = Code(unknown(table, table.primary_key[0], "printed uuid" if uuid else ""))
    return path


def _make_path(shape: Shape, bound: Bound, made: Arrangement) -> None:
    """Rows for the path's parameters: as bound, else by their names."""
    known = {step.parameter: (step.table, step.column) for step in bound.path}
    for parameter in bound.operation.parameters:
        if parameter.location != "path":
            continue
        table_name, column = known.get(parameter.name, ("", ""))
        table = shape.catalog.table(table_name) or shape.named(parameter.name)
        if table is not None and len(table.primary_key) == 1:
            made.path[parameter.name] = value_of(made.row(table), column or table.primary_key[0])


def _body(shape: Shape, bound: Bound, made: Arrangement) -> dict[str, Any] | None:
    schema = shape.body_schema(bound)
    if schema is None:
        return None
    body: dict[str, Any] = {}
    properties = shape.properties(schema)
    wanted = [name for name in properties if name in schema.get("required", ())] or list(properties)
    for name in wanted:
        one = properties[name]
        table = _referred(shape, bound, name) if shape.contract.resolve(one).get("format") == "uuid" else None
        if table is not None and len(table.primary_key) == 1:
            body[name] = Code(f"str({value_of(made.row(table), table.primary_key[0])})")
        else:
            body[name] = shape.values.of_schema(one, name, 1)
    return body


def _referred(shape: Shape, bound: Bound, name: str) -> Table | None:
    """The table that a body's id leads to: the one it is named after, else the one that the path is about.

    `POST /tickets/{ticketId}/merge` with `targetId` wants another ticket.
    """
    named = shape.named(name)
    if named is not None or not name.endswith(("_id", "Id")):
        return named
    selected = [one.name for one in bound.operation.parameters if one.location == "path"]
    return shape.named(selected[-1]) if selected else None


def _promises(shape: Shape, bound: Bound) -> Iterator[str]:
    success = bound.operation.success
    schema = shape.contract.resolve(success.json) if success and success.json else {}
    required = schema.get("required", ())
    if required:
        yield f"assert set(response.json()) >= {{{', '.join(literal(name) for name in required)}}}"
    elif schema.get("type") == "array":
        yield f"assert isinstance({answer_path(bound)}, list)"
