"""Integration tests of what must be refused: strangers, unknown things, requests that do not fit the contract."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from agent.binding.callers import Proof
from agent.binding.model import Action, Bound
from agent.binding.words import snake
from agent.catalog.model import Column, Table
from agent.contract.sample import violations
from agent.stacks.python_fastapi.project.arrangement import Arrangement
from agent.stacks.python_fastapi.project.reading import is_accounts, neighbour
from agent.stacks.python_fastapi.project.scenario import (
    BYTES,
    KEYED,
    Scenario,
    answer_path,
    arrangement,
    ask,
    main_status,
    name_of,
    sender,
    unknown_path,
)
from agent.stacks.python_fastapi.project.shape import Shape, declared, declares
from agent.stacks.python_fastapi.project.source import Code, identifier
from agent.stacks.python_fastapi.project.writing import assigned, request_body

_MOST_CASES = 12
_FORGED = {
    Proof.TOKEN: (
        "token",
        '{"Authorization": "Bearer made.up.token"}',
        "A token that was not signed here counts for nothing.",
    ),
    Proof.PASSWORD: (
        "password",
        '{"Authorization": "Basic bWFkZTp1cA=="}',
        "A name and a password that nobody has count for nothing.",
    ),
    Proof.KEY: ("key", "", ""),
}
"""What callers come with → what it is called, a made-up one, and what that is good for."""
_WITH_BODY = (Action.CREATE, Action.REPLACE, Action.PATCH)


def unauthenticated(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """Without a token or password, or with a made-up one, nothing happens."""
    if not sender(shape, bound):
        return
    path = unknown_path(shape, bound)
    what, forged, counts = _FORGED[shape.binding.proof(bound.operation)]
    yield Scenario(f"{name_of(bound)}_without_a_{what}", "Callers must sign in.", [], ask(shape, bound, path), 401)
    if not forged:
        return
    yield Scenario(
        f"{name_of(bound)}_with_a_made_up_{what}",
        counts,
        [],
        ask(shape, bound, path, headers=forged),
        401,
    )


def unscoped(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """A token that does not name what the operation asks for is not enough."""
    if bound.scopes:
        yield Scenario(
            f"{name_of(bound)}_without_its_scope",
            "The token must say that the caller may do this.",
            [],
            ask(shape, bound, unknown_path(shape, bound), headers="unscoped_headers"),
            403,
        )


def unknown_things(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """What is not there is not found."""
    nested_list = bound.action is Action.LIST and declares(bound.operation, 404)
    if not bound.path or (bound.action is Action.LIST and not nested_list):
        return
    made = arrangement(shape, bound)
    links = {step.link: Code("") for step in bound.path if step.link}
    lines, body = _others(shape, bound, made), None
    if bound.action in _WITH_BODY:
        lines.append(assigned(request_body(shape, bound, made, links, 11)))
        body = Code("body")
    yield Scenario(
        f"{name_of(bound)}_of_something_unknown",
        "What is not there is not found.",
        [*made.lines, *lines],
        ask(shape, bound, unknown_path(shape, bound), body=body, headers=sender(shape, bound)),
        404,
    )


def removed_things(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """What is marked as removed is found by nobody."""
    if bound.mark is None or bound.action is Action.CREATE or is_accounts(shape, bound):
        return
    table, made = shape.table(bound.table), arrangement(shape, bound)
    marks = {
        name: shape.values.code(column, shape.values.of_column(table, column, 1))
        for name, column in _moments(bound, table)
    }
    marks |= dict.fromkeys(bound.mark.switches, Code("True"))
    lists = bound.action is Action.LIST
    if lists:
        made.lines.append(made.call(table, {**made.parents(bound), **marks}))
    else:
        made.item(bound, marks)
    lines, body = [], None
    if bound.action in _WITH_BODY:
        lines, body = [assigned(request_body(shape, bound, made, made.above, 11))], Code("body")
    yield Scenario(
        f"{name_of(bound)}_leaves_out_what_was_removed" if lists else f"{name_of(bound)}_of_something_removed",
        "What is marked as removed is found by nobody.",
        [*made.lines, *lines],
        ask(shape, bound, made.path, body=body, headers=sender(shape, bound)),
        main_status(bound) if lists else 404,
        [f"assert {answer_path(bound)} == []"] if lists else [],
    )


def _moments(bound: Bound, table: Table) -> Iterator[tuple[str, Column]]:
    for name in bound.mark.moments if bound.mark else ():
        column = table.column(name)
        if column is not None:
            yield name, column


def _others(shape: Shape, bound: Bound, made: Arrangement) -> list[str]:
    """What makes a row that is not the unknown one: an item, or what stands above it."""
    if bound.action not in (Action.LIST, Action.CREATE):
        return neighbour(shape, bound, made)
    first = shape.table(bound.path[0].table)
    return [] if shape.accounts and first.name == shape.accounts.table else [made.call(first, {})]


def strangers(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """What belongs to somebody else cannot be reached."""
    if not (shape.accounts and bound.operation.protected and bound.path):
        return
    own_item = bound.owner is not None and bound.action not in (Action.LIST, Action.CREATE)
    outer = any(step.owner for step in bound.path) or (bool(bound.guards) and bound.action is not Action.CREATE)
    if not own_item and not outer:
        return
    made = arrangement(shape, bound)
    caller, made.owner = made.owner, None
    if bound.action in (Action.LIST, Action.CREATE):
        links = made.parents(bound)
    else:
        links = {step.link: Code("") for step in bound.path if step.link}
        made.item(bound)
    made.owner = caller
    lines, body = [], None
    if bound.action in _WITH_BODY:
        lines = [assigned(request_body(shape, bound, made, links, 11))]
        body = Code("body")
    yield Scenario(
        f"{name_of(bound)}_of_somebody_else",
        "What belongs to somebody else cannot be reached.",
        [*made.lines, *lines],
        ask(shape, bound, made.path, body=body, headers=sender(shape, bound)),
        declared(bound.operation, 403, 404) if own_item and declares(bound.operation, 403) else 404,
    )


def misfits(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """Requests that do not fit the contract are refused before anything happens."""
    path = unknown_path(shape, bound)
    status = declared(bound.operation, 422, 400)
    bodies = _bad_bodies(shape, bound)
    if bodies:
        yield Scenario(
            f"{name_of(bound)}_refuses_a_body_that_does_not_fit",
            "Every body breaks the contract in one place.",
            [],
            ask(shape, bound, path, body=Code("case"), headers=sender(shape, bound)),
            status,
            cases=bodies,
        )
        yield _undecodable(shape, bound)
    yield from _other_bodies(shape, bound)
    yield from _bad_path(shape, bound)
    required = [one.name for one in bound.operation.parameters if one.location == "query" and one.required]
    if required:
        yield Scenario(
            f"{name_of(bound)}_without_{identifier(snake(required[0]))}",
            f"`{required[0]}` is required.",
            [],
            ask(shape, bound, path, headers=sender(shape, bound), without=required[0]),
            status,
        )
    parameters = _bad_parameters(shape, bound)
    if parameters:
        request = ask(shape, bound, path, parameters={"_": 0}, headers=sender(shape, bound))
        yield Scenario(
            f"{name_of(bound)}_refuses_parameters_that_do_not_fit",
            "Every query breaks the contract in one place.",
            [],
            request.replace('"_": 0', "**case").replace("{**case}", "case"),
            status,
            cases=parameters,
        )


def _bad_path(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """A name in the path that is none of its kind, where a refusal is declared for it."""
    named = [one for one in bound.operation.parameters if one.location == "path"]
    if not named or not any(declares(bound.operation, status) for status in (422, 400)):
        return
    last = named[-1]
    resolved = shape.contract.resolve(last.schema)
    if resolved.get("format") == "uuid" or resolved.get("type") in ("integer", "number"):
        path = {**unknown_path(shape, bound), last.name: Code("something")}
        yield Scenario(
            f"{name_of(bound)}_refuses_a_path_that_does_not_fit",
            "What names nothing is refused before anything is looked for.",
            [],
            ask(shape, bound, path, headers=sender(shape, bound)),
            declared(bound.operation, 422, 400),
        )


def _other_bodies(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """A form without what it needs, and a body of a kind that the contract does not have."""
    if bound.operation.body is None:
        return
    path, schema = unknown_path(shape, bound), shape.body_schema(bound) or {}
    if bound.operation.body.json is None and schema.get("required"):
        yield Scenario(
            f"{name_of(bound)}_refuses_an_empty_form",
            "What the contract requires must be there.",
            [],
            ask(shape, bound, path, body=Code("{}"), headers=sender(shape, bound)),
            declared(bound.operation, 422, 400),
        )
    if declares(bound.operation, 415) and not any("*" in kind for kind in bound.operation.body.content):
        yield Scenario(
            f"{name_of(bound)}_refuses_another_kind_of_body",
            "The contract says which kinds of body are understood.",
            [],
            _with_content(shape, bound, "<a/>", "application/xml"),
            415,
        )


def _undecodable(shape: Shape, bound: Bound) -> Scenario:
    return Scenario(
        f"{name_of(bound)}_refuses_what_is_not_json",
        "What cannot be decoded is refused.",
        [],
        _with_content(shape, bound, "{", "application/json"),
        400 if declares(bound.operation, 400) else declared(bound.operation, 422, 400),
    )


def _with_content(shape: Shape, bound: Bound, content: str, kind: str) -> str:
    """The call that sends these bytes as this media type."""
    own = sender(shape, bound)
    headers = "{" + (f"**{own}, " if own not in ("", KEYED) else "") + f'"Content-Type": "{kind}"}}'
    request = ask(shape, bound, unknown_path(shape, bound), body=BYTES, headers=headers)
    request = request.replace("client.", f"{KEYED}.", 1) if own == KEYED else request
    return re.sub("(json|data)=CONTENT", lambda _: f'content="{content}"', request)


def _bad_bodies(shape: Shape, bound: Bound) -> list[tuple[str, Any]]:
    body = bound.operation.body
    if body is None or body.json is None:
        return []
    found: list[tuple[str, Any]] = []
    for one in violations(shape.contract, body.json):
        label = f"{one.pointer.removeprefix('#').strip('/') or 'body'}: {one.why}"
        if _sendable(one.value) and label not in [name for name, _ in found]:
            found.append((label, one.value))
    return found[:_MOST_CASES]


def _bad_parameters(shape: Shape, bound: Bound) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for parameter in bound.operation.parameters:
        if parameter.location == "query":
            schema = shape.contract.resolve(parameter.schema)
            found += [(f"{parameter.name}: {why}", {parameter.name: value}) for why, value in _misfit(schema)]
    return found[:_MOST_CASES]


def _misfit(schema: Any) -> Iterator[tuple[str, Any]]:
    kind = schema.get("type")
    if kind in ("integer", "number"):
        yield "not a number", "many"
    if kind == "integer" and "minimum" in schema:
        yield "too small", schema["minimum"] - 1
    if kind == "integer" and "maximum" in schema:
        yield "too large", schema["maximum"] + 1
    if kind == "string" and schema.get("enum"):
        yield "not among the choices", "no-such-choice"
    if kind == "string" and schema.get("format") in ("uuid", "date", "date-time"):
        yield f"not a {schema['format']}", "tomorrow"
    if kind == "string" and "maxLength" in schema and not schema.get("enum"):
        yield "too long", "x" * (schema["maxLength"] + 1)


def _sendable(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return False
    return True
