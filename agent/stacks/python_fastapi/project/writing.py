"""Integration tests of operations that create, replace, change and delete."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from agent.binding.model import Action, Bound, Field
from agent.catalog.model import Table, Unique
from agent.contract.needs import needs_of
from agent.stacks.python_fastapi.project.arrangement import Arrangement, value_of
from agent.stacks.python_fastapi.project.comparing import echoed, quoted, quoted_table, selected, stored
from agent.stacks.python_fastapi.project.reading import key_field, neighbour
from agent.stacks.python_fastapi.project.scenario import (
    Scenario,
    answer_path,
    arrangement,
    ask,
    main_status,
    name_of,
    sender,
)
from agent.stacks.python_fastapi.project.shape import Shape, declared
from agent.stacks.python_fastapi.project.source import Code, literal

_CREATED = 11
"""Which example values are sent to create: others than those that rows of the factories hold."""
_CHANGED = 12
_NOBODY = {"uuid": "00000000-0000-4000-8000-00000000ffff", "int4": 999_999, "int8": 999_999}
"""Type of a key → the key of no row."""

Body = dict[str, Any]
"""Property → JSON value, or the expression of it."""


def creating(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """What is sent is stored and answered; what is taken or missing is refused."""
    made = arrangement(shape, bound)
    links = made.parents(bound)
    body = request_body(shape, bound, made, links, _CREATED)
    checks = [*(echoed(shape, bound, "data", body) if bound.answer else ()), *_stored_after(shape, bound, body)]
    read = bound.answer and any(re.search(r"\bdata\b", check) for check in checks)
    yield Scenario(
        name_of(bound),
        "What is sent is stored and answered.",
        [*made.lines, assigned(body)],
        ask(shape, bound, made.path, body=Code("body"), headers=sender(shape, bound)),
        main_status(bound),
        [*([f"data = {answer_path(bound)}"] if read else []), *checks],
    )
    yield from _conflicts(shape, bound)
    yield from _missing_references(shape, bound)


def replacing(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """The whole thing changes."""
    yield _changed(shape, bound, name_of(bound), "Everything that is sent takes the place of what was stored.", None)
    required = _demanded(shape, bound)
    if 0 < len(required) < len(bound.body):
        summary = "What is left out does not stand in the way."
        yield _changed(shape, bound, f"{name_of(bound)}_with_the_required_only", summary, required)
    yield from _taken_by_others(shape, bound)
    yield from _missing_references(shape, bound)


def patching(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """What is sent changes, everything else stays."""
    yield _changed(shape, bound, name_of(bound), "Everything that is sent changes.", None)
    demanded = _demanded(shape, bound)
    optional = [field for field in bound.body if field.property not in demanded]
    part = [*demanded, *(field.property for field in optional[:1])]
    rest = tuple(optional[1:])
    if rest:
        scenario = _changed(shape, bound, f"{name_of(bound)}_in_part", "What is not sent stays.", part)
        yield _keeping(shape, bound, scenario, rest)
    for field in bound.body:
        if _nullable(shape, bound, field):
            yield _emptied(shape, bound, field)
            break
    yield from _taken_by_others(shape, bound)
    yield from _missing_references(shape, bound)


def deleting(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """It is gone, unless something refers to it."""
    made = arrangement(shape, bound)
    table = shape.table(bound.table)
    other = made.row(table, variable=f"other_{shape.row_name(table.name)}") if neighbour(shape, bound, made) else ""
    row = made.item(bound)
    checks = _removed(bound, table, row)
    checks += [f"assert await database.fetchrow({_select(table, other, first='1')})"] if other else []
    yield Scenario(
        name_of(bound),
        "It is gone, and nothing else is.",
        made.lines,
        ask(shape, bound, made.path, headers=sender(shape, bound)),
        main_status(bound),
        checks,
    )
    if bound.mark is None:
        yield from _still_referred_to(shape, bound)


def _removed(bound: Bound, table: Table, row: str) -> list[str]:
    """The row is gone, or is marked as removed."""
    if bound.mark is None:
        return [f"assert await database.fetchrow({_select(table, row, first='1')}) is None"]
    told = [f"{quoted(name)} IS NOT NULL" for name in bound.mark.moments] + [*map(quoted, bound.mark.switches)]
    stored = f"stored = await database.fetchrow({_select(table, row, first=f'{" AND ".join(told)} AS removed')})"
    return [stored, "assert stored is not None", 'assert stored["removed"]']


def request_body(
    shape: Shape,
    bound: Bound,
    made: Arrangement,
    links: dict[str, Code],
    number: int,
    only: list[str] | None = None,
) -> Body:
    """A body that is accepted; the rows that it refers to are made."""
    table = shape.catalog.table(bound.table)
    schema = shape.body_schema(bound) or {}
    properties = shape.properties(schema)
    fields = {field.property: field for field in bound.body}
    body: Body = {}
    for name, one in properties.items():
        field = fields.get(name)
        required = name in schema.get("required", ()) or (field is not None and field.required)
        if only is not None and name not in only:
            continue
        if field is None:
            if required:
                body[name] = shape.values.of_schema(one, name, number)
            continue
        body[name] = _reference(shape, bound, made, links, field) or shape.values.of_property(one, field, table, number)
    return body


def assigned(body: Mapping[str, Any]) -> str:
    """The line that puts the body into a variable."""
    # Without the annotation a type checker cannot tell what an empty container holds.
    return f"body{': dict[str, Any]' if _has_empty(body) else ''} = {literal(body)}"


def _has_empty(value: Any) -> bool:
    if isinstance(value, Mapping):
        return not value or any(_has_empty(item) for item in value.values())
    return isinstance(value, list) and (not value or any(_has_empty(item) for item in value))


def _reference(shape: Shape, bound: Bound, made: Arrangement, links: dict[str, Code], field: Field) -> Code | None:
    """The id of a row that is made for the body to refer to."""
    table = shape.catalog.table(bound.table)
    parent = shape.parent(table, field.column) if table else None
    if parent is None or table is None:
        return None
    known = links.get(field.column)
    value = known or value_of(made.row(parent[0]), parent[1])
    column = parent[0].column(parent[1])
    return Code(f"str({value})") if column is not None and column.base_type == "uuid" else value


def _stored_after(shape: Shape, bound: Bound, body: Body) -> Iterator[str]:
    table = shape.table(bound.table)
    checks = list(stored(shape, bound, body))
    if not checks:
        return
    columns = [column.name for column in table.columns if any(f'["{column.name}"]' in check for check in checks)]
    key = key_field(shape, bound)
    column = table.column(key.column) if key else None
    if key is None or column is None:
        statement = literal(selected(columns, table, "true"))
        # The only argument of a call needs no brackets of its own, in however many pieces it is.
        yield f"stored = await database.fetchrow({statement.removeprefix('(').removesuffix(')')})"
    else:
        value = f"data[{literal(key.property)}]"
        condition = f"{quoted(column.name)} = $1"
        yield f"stored = await database.fetchrow({literal(selected(columns, table, condition))}, {value})"
    yield "assert stored is not None"
    yield from checks
    if bound.owner and shape.accounts and bound.operation.protected and bound.owner in columns:
        yield f"assert stored[{literal(bound.owner)}] == user[{literal(shape.accounts.id_column)}]"


def _changed(shape: Shape, bound: Bound, name: str, summary: str, only: list[str] | None) -> Scenario:
    made = arrangement(shape, bound)
    made.lines += neighbour(shape, bound, made)
    row = made.item(bound)
    body = request_body(shape, bound, made, made.above, _CHANGED, only)
    table = shape.table(bound.table)
    checks = list(stored(shape, bound, body))
    answers = [f"data = {answer_path(bound)}", *_same(shape, bound, row), *echoed(shape, bound, "data", body)]
    return Scenario(
        name,
        summary,
        [*made.lines, assigned(body)],
        ask(shape, bound, made.path, body=Code("body"), headers=sender(shape, bound)),
        main_status(bound),
        [*(answers if bound.answer and len(answers) > 1 else ()), *_read_again(table, row, checks)],
    )


def _same(shape: Shape, bound: Bound, row: str) -> list[str]:
    """It is this very row that is answered."""
    key = key_field(shape, bound)
    return [f"assert str(data[{literal(key.property)}]) == str({value_of(row, key.column)})"] if key else []


def _read_again(table: Table, row: str, checks: list[str]) -> Iterator[str]:
    columns = [column.name for column in table.columns if any(f'stored["{column.name}"]' in check for check in checks)]
    if columns:
        yield f"stored = await database.fetchrow({_select(table, row, first=', '.join(map(quoted, columns)))})"
        yield "assert stored is not None"
        yield from checks


def _select(table: Table, row: str, first: str) -> str:
    """The arguments that read these columns of the row in a variable."""
    conditions = [f"{quoted(name)} = ${number}" for number, name in enumerate(table.primary_key, 1)]
    values = "".join(f", {value_of(row, name)}" for name in table.primary_key)
    statement = f"SELECT {first} FROM {quoted_table(table.name)} WHERE {' AND '.join(conditions)}"
    return f"{literal(statement)}{values}"


def _keeping(shape: Shape, bound: Bound, scenario: Scenario, rest: tuple[Field, ...]) -> Scenario:
    table = shape.table(bound.table)
    kept = [field.column for field in rest if table.column(field.column) and not field.secret]
    row = shape.row_name(table.name)
    columns = ", ".join(map(quoted, kept))
    checks = [
        *scenario.checks,
        f"kept = await database.fetchrow({_select(table, row, first=columns)})",
        "assert kept is not None",
        *(f"assert kept[{literal(name)}] == {value_of(row, name)}" for name in kept),
    ]
    return Scenario(scenario.name, scenario.summary, scenario.arrange, scenario.request, scenario.status, checks)


def _demanded(shape: Shape, bound: Bound) -> list[str]:
    """The properties with which a body is taken, and not without them; of several choices the first."""
    first = next(iter(needs_of(shape.body_schema(bound) or {})), ())
    return [field.property for field in bound.body if field.required or field.property in first]


def _nullable(shape: Shape, bound: Bound, field: Field) -> bool:
    column = shape.table(bound.table).column(field.column)
    schema = shape.properties(shape.body_schema(bound) or {}).get(field.property, {})
    resolved = shape.contract.resolve(schema)
    kinds = [resolved.get("type"), *(one.get("type") for one in resolved.get("anyOf", ()))]
    allowed = any(kind == "null" or (isinstance(kind, list) and "null" in kind) for kind in kinds)
    return allowed and column is not None and column.nullable and not column.array


def _emptied(shape: Shape, bound: Bound, field: Field) -> Scenario:
    made = arrangement(shape, bound)
    table = shape.table(bound.table)
    column = table.column(field.column)
    refers = shape.parent(table, field.column)
    given = {}
    if column is not None and refers is None:
        given = {column.name: shape.values.code(column, shape.values.of_column(table, column, 1))}
    row = made.item(bound, given)
    check = f"assert stored[{literal(field.column)}] is None"
    body = {**request_body(shape, bound, made, {}, _CHANGED, _demanded(shape, bound)), field.property: None}
    return Scenario(
        f"{name_of(bound)}_to_nothing",
        f"`{field.property}` is emptied by null.",
        made.lines,
        ask(shape, bound, made.path, body=Code(literal(body)), headers=sender(shape, bound)),
        main_status(bound),
        list(_read_again(table, row, [check])),
    )


def _conflicts(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    table = shape.table(bound.table)
    sendable = {field.column: field for field in bound.body if not field.secret}
    caller = bound.owner if bound.operation.protected and shape.accounts else None
    for unique in table.uniques:
        made = arrangement(shape, bound)
        links = made.parents(bound)
        own = {caller} if caller else set()
        if unique.partial or not set(unique.columns) <= set(sendable) | set(links) | own:
            continue
        yield _conflict(shape, bound, made, links, unique)


def _conflict(shape: Shape, bound: Bound, made: Arrangement, links: dict[str, Code], unique: Unique) -> Scenario:
    table = shape.table(bound.table)
    body = request_body(shape, bound, made, links, _CREATED)
    own = [field for field in bound.body if field.column in unique.columns]
    taken = {**links, **_stored_as(shape, table, body, own)}
    made.lines.append(made.call(table, taken))
    columns = [name for name in unique.columns if name not in links and name != bound.owner] or list(unique.columns)
    return Scenario(
        f"{name_of(bound)}_twice_with_the_same_{'_and_'.join(columns)}",
        "What is taken already is refused.",
        [*made.lines, assigned(body)],
        ask(shape, bound, made.path, body=Code("body"), headers=sender(shape, bound)),
        declared(bound.operation, 409, 422, 400),
    )


def _taken_by_others(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """A change to what only one may have, and somebody else has."""
    table = shape.table(bound.table)
    fields = {field.column: field for field in bound.body if not field.secret}
    for unique in table.uniques:
        sent = [name for name in unique.columns if name in fields]
        if unique.partial or not sent:
            continue
        made = arrangement(shape, bound)
        row = made.item(bound)
        body = request_body(shape, bound, made, made.above, _CHANGED)
        taken = {name: value_of(row, name) for name in unique.columns if name not in sent}
        taken |= _stored_as(shape, table, body, [fields[name] for name in sent])
        if set(sent) <= taken.keys():
            made.lines.append(made.call(table, taken))
            yield Scenario(
                f"{name_of(bound)}_to_the_{'_and_'.join(sent)}_of_another",
                "What is taken already is refused.",
                [*made.lines, assigned(body)],
                ask(shape, bound, made.path, body=Code("body"), headers=sender(shape, bound)),
                declared(bound.operation, 409, 422, 400),
            )


def _stored_as(shape: Shape, table: Table, body: Body, fields: list[Field]) -> dict[str, Code]:
    """Column → the expression of what is stored in it for a body."""
    found: dict[str, Code] = {}
    for field in fields:
        column = table.column(field.column)
        if column is not None and field.property in body:
            value = body[field.property]
            plain = Code(value.text.removeprefix("str(").removesuffix(")")) if isinstance(value, Code) else None
            found[column.name] = plain or shape.values.code(column, value)
    return found


def _missing_references(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    table = shape.table(bound.table)
    for field in bound.body:
        parent = shape.parent(table, field.column)
        column = parent[0].column(parent[1]) if parent else None
        nobody = _NOBODY.get(column.base_type) if column and not field.conversion else None
        if nobody is None or any(guard.here == field.column for guard in bound.guards):
            continue
        made = arrangement(shape, bound)
        links = made.parents(bound) if bound.action is Action.CREATE else {}
        if field.column in links:
            continue
        if bound.action is not Action.CREATE:
            made.item(bound)
        sent = _demanded(shape, bound) if bound.action is Action.PATCH else [one.property for one in bound.body]
        others = [name for name in sent if name != field.property]
        body = request_body(shape, bound, made, links, _CREATED, others)
        body[field.property] = nobody
        yield Scenario(
            f"{name_of(bound)}_with_unknown_{field.column}",
            f"`{field.property}` must name something that there is.",
            [*made.lines, assigned(body)],
            ask(shape, bound, made.path, body=Code("body"), headers=sender(shape, bound)),
            declared(bound.operation, 409, *((422, 400, 404) if bound.path else (404, 422, 400))),
        )


def _still_referred_to(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    for other in shape.catalog.tables:
        for key in other.foreign_keys:
            restricts = key.on_delete in ("restrict", "no action")
            if key.table != bound.table or not restricts or other.name == bound.table:
                continue
            made = arrangement(shape, bound)
            row = made.item(bound)
            pairs = zip(key.columns, key.referenced, strict=True)
            made.lines.append(made.call(other, {name: value_of(row, referenced) for name, referenced in pairs}))
            yield Scenario(
                f"{name_of(bound)}_while_{other.name.replace('.', '_')}_refer_to_it",
                "It stays as long as something refers to it.",
                made.lines,
                ask(shape, bound, made.path, headers=sender(shape, bound)),
                declared(bound.operation, 409, 422, 400),
            )
