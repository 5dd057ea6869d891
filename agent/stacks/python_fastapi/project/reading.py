"""Integration tests of operations that read: lists with pages, filters and orders, and single things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from agent.binding.model import Bound, Field, Filter, Meta
from agent.catalog.model import Column, Table
from agent.stacks.python_fastapi.project.arrangement import Arrangement, above
from agent.stacks.python_fastapi.project.beside import Page, beside_page, tells_of_others
from agent.stacks.python_fastapi.project.comparing import filled, shown
from agent.stacks.python_fastapi.project.scenario import (
    Scenario,
    answer_path,
    arrangement,
    ask,
    main_status,
    name_of,
    sender,
)
from agent.stacks.python_fastapi.project.shape import Shape, declared, written
from agent.stacks.python_fastapi.project.source import Code, identifier, literal
from agent.stacks.python_fastapi.project.values import distinct


def retrieving(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """A single thing is answered as it is stored."""
    table = shape.table(bound.table)
    made = arrangement(shape, bound)
    given = filled(shape, table, {field.column for field in bound.answer})
    made.lines += neighbour(shape, bound, made)
    row = made.item(bound, given)
    yield Scenario(
        name_of(bound),
        "It is answered as it is stored.",
        made.lines,
        ask(shape, bound, made.path, headers=sender(shape, bound)),
        main_status(bound),
        [f"data = {answer_path(bound)}", *shown(shape, bound, "data", row, {**links_of(bound), **given})],
    )


def listing(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """Everything a list promises."""
    yield _whole_list(shape, bound)
    if bound.owner and bound.operation.protected and shape.accounts:
        yield _own_rows_only(shape, bound)
    paging = bound.paging
    turns = paging is not None and (paging.style != "none" or paging.cursor is not None)
    if paging and turns and paging.limit_parameter and several(shape, bound):
        yield from _pages(shape, bound)
    if several(shape, bound):
        for narrowing in bound.filters:
            yield from _filter(shape, bound, narrowing)
        yield from _orders(shape, bound)


def _whole_list(shape: Shape, bound: Bound) -> Scenario:
    made = arrangement(shape, bound)
    table = shape.table(bound.table)
    links = made.parents(bound)
    given = {**filled(shape, table, {field.column for field in bound.answer}), **links}
    row = made.row(table, given)
    if links and above(bound):  # and one that stands below something else
        made.lines += neighbour(shape, bound, made)
    checks = [f"data = {answer_path(bound)}"]
    if not is_accounts(shape, bound):
        checks += [*_only(shape, bound, [row]), *shown(shape, bound, "data[0]", row, {**links_of(bound), **given})]
    elif key_field(shape, bound):
        checks.append(f"assert {_identity(shape, bound, row)} in {_identities(shape, bound)}")
    else:
        checks.append("assert data")
    return Scenario(
        name_of(bound),
        "What is stored is listed.",
        made.lines,
        ask(shape, bound, made.path, headers=sender(shape, bound)),
        main_status(bound),
        checks,
    )


def _own_rows_only(shape: Shape, bound: Bound) -> Scenario:
    made = arrangement(shape, bound)
    table = shape.table(bound.table)
    links = made.parents(bound)
    row = made.row(table, links)
    made.owner = None
    others = {column: value for column, value in links.items() if column != bound.owner}
    made.lines.append(made.call(table, others))
    return Scenario(
        f"{name_of(bound)}_shows_only_ones_own",
        "What belongs to somebody else is not listed.",
        made.lines,
        ask(shape, bound, made.path, headers=sender(shape, bound)),
        main_status(bound),
        [f"data = {answer_path(bound)}", *_only(shape, bound, [row])],
    )


def _pages(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    paging = bound.paging
    if paging is None or is_accounts(shape, bound):
        return
    made = arrangement(shape, bound)
    links = made.parents(bound)
    made.lines += [made.call(shape.table(bound.table), links) for _ in range(3)]
    first = paging.first
    pages = (
        ("first_page", "A page holds as many as were asked for.", first, Page(0, 2, 2)),
        ("last_page", "The last page holds the rest.", first + 1, Page(2, 2, 1)),
        ("page_after_the_last", "After the last page there is nothing.", first + 2, Page(4, 2, 0)),
        ("only_page", "Nothing follows a page that holds everything.", first, Page(0, 3, 3)),
    )
    for label, summary, page, seen in pages if tells_of_others(bound) else pages[:3]:
        place = (
            {paging.page_parameter: page if paging.style == "page" else seen.offset} if paging.page_parameter else {}
        )
        if page > first and not place:
            continue
        yield Scenario(
            f"{name_of(bound)}_{label}",
            summary,
            made.lines,
            ask(
                shape,
                bound,
                made.path,
                parameters={**place, paging.limit_parameter: seen.limit},
                headers=sender(shape, bound),
            ),
            main_status(bound),
            [f"assert len({answer_path(bound)}) == {seen.rows}", *beside_page(bound, page, seen)],
        )
    yield from _behind(shape, bound, made)
    yield from _before(shape, bound, made)


def _behind(shape: Shape, bound: Bound, made: Arrangement) -> Iterator[Scenario]:
    """What comes behind the first page, where a page begins behind a row."""
    paging, key = bound.paging, key_field(shape, bound)
    if paging is None or paging.cursor is None:
        return
    said = next((path for path, meaning in bound.envelope.meta.items() if meaning is Meta.CURSOR), None)
    if said is None and key is None:
        return
    first = ask(shape, bound, made.path, parameters={paging.limit_parameter: 2}, headers=sender(shape, bound))
    place = "".join(f"[{literal(name)}]" for name in said or bound.envelope.data)
    place += f"[-1][{literal(key.property)}]" if said is None and key is not None else ""
    parameters = {paging.cursor.parameter: Code("cursor"), paging.limit_parameter: 2}
    yield Scenario(
        f"{name_of(bound)}_behind_the_first_page",
        "Where the first page ends, the next one begins.",
        [*made.lines, f"first = {first}", f"cursor = first.json(){place}"],
        ask(shape, bound, made.path, parameters=parameters, headers=sender(shape, bound)),
        main_status(bound),
        [
            f"data = {answer_path(bound)}",
            "assert len(data) == 1",
            f"assert data[0] not in {answer_path(bound).replace('response', 'first')}",
        ],
    )


def _before(shape: Shape, bound: Bound, made: Arrangement) -> Iterator[Scenario]:
    """What comes before the last row, where a page ends before a row."""
    paging, key = bound.paging, key_field(shape, bound)
    if paging is None or paging.cursor is None or paging.back is None or key is None:
        return
    whole = ask(shape, bound, made.path, parameters={paging.limit_parameter: 3}, headers=sender(shape, bound))
    rows = answer_path(bound).removeprefix("response")
    lines = [*made.lines, f"whole = {whole}", f"rows = whole{rows}", f"last = rows[2][{literal(key.property)}]"]
    back, both = {paging.back.parameter: Code("last")}, {paging.cursor.parameter: Code("last")}
    cases = (
        ("before_the_last_row", "Before a row stand the others, in the order of the list.", 2, Page(1, 2, 2), ":2"),
        ("right_before_the_last_row", "The nearest row is the first to be read.", 1, Page(0, 1, 1), "1:2"),
    )
    for label, summary, limit, seen, part in cases:
        parameters = {**back, paging.limit_parameter: limit}
        yield Scenario(
            f"{name_of(bound)}_{label}",
            summary,
            lines,
            ask(shape, bound, made.path, parameters=parameters, headers=sender(shape, bound)),
            main_status(bound),
            [f"assert {answer_path(bound)} == rows[{part}]", *beside_page(bound, 0, seen)],
        )
    yield Scenario(
        f"{name_of(bound)}_before_and_behind_a_row",
        "One request goes one way.",
        lines,
        ask(shape, bound, made.path, parameters={**back, **both}, headers=sender(shape, bound)),
        declared(bound.operation, 422, 400),
    )


def _filter(shape: Shape, bound: Bound, narrowing: Filter) -> Iterator[Scenario]:
    table = shape.table(bound.table)
    column = table.column(_clearest(shape, table, narrowing.columns))
    if column is None or column.array or is_accounts(shape, bound):
        return
    made = arrangement(shape, bound)
    links = made.parents(bound)
    if column.name in links:
        return
    if _is_reference(table, column):
        parent = shape.parent(table, column.name)
        if parent is None or column.name == bound.owner:
            return
        other = made.row(parent[0], variable=identifier(column.name.removesuffix("_id")))
        wanted = Code(f"{other}[{literal(parent[1])}]")
        row = made.row(table, {**links, column.name: wanted})
        made.lines.append(made.call(table, links))
        asked = Code(f"str({wanted})")
    else:
        values = _filter_values(shape, table, column, narrowing)
        if values is None:
            return
        hit, miss, sought = values
        row = made.row(table, {**links, column.name: shape.values.code(column, hit)})
        made.lines.append(made.call(table, {**links, column.name: shape.values.code(column, miss)}))
        asked = Code(literal(sought))
    yield Scenario(
        f"{name_of(bound)}_by_{identifier(narrowing.parameter)}",
        f"`{narrowing.parameter}` narrows the list.",
        made.lines,
        ask(shape, bound, made.path, parameters={narrowing.parameter: asked}, headers=sender(shape, bound)),
        main_status(bound),
        [f"data = {answer_path(bound)}", *_only(shape, bound, [row])],
    )


def _filter_values(shape: Shape, table: Table, column: Column, narrowing: Filter) -> tuple[Any, Any, Any] | None:
    """What the row that is found holds, what the other holds, and what is asked."""
    if narrowing.comparison == "contains":
        return _searched(shape, table, column)
    if column.base_type == "bool":
        return True, False, "true"
    pair = distinct(shape.catalog, shape.values, table, column)
    if pair is None:
        return None
    low, high = pair
    match narrowing.comparison:
        case "at least":
            return high, low, high
        case "above":
            return high, low, low
        case "at most":
            return low, high, low
        case "below":
            return low, high, high
    return low, high, low


def _searched(shape: Shape, table: Table, column: Column) -> tuple[Any, Any, Any] | None:
    schema = shape.values.schema_of(table, column)
    if not schema.keys() & {"format", "pattern", "enum"} and schema.get("maxLength", 200) >= 20:
        return "A needle in here", "Only hay in here", "NEEDLE"
    pair = distinct(shape.catalog, shape.values, table, column)
    return (pair[0], pair[1], pair[0]) if pair and isinstance(pair[0], str) else None


def _clearest(shape: Shape, table: Table, names: Sequence[str]) -> str:
    """The column to search in: one that takes any text, where there is one."""
    columns = [column for name in names if (column := table.column(name)) is not None]
    free = [one.name for one in columns if "format" not in shape.values.schema_of(table, one)]
    return (free or list(names))[0]


def _orders(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    table = shape.table(bound.table)
    if bound.sorting is None or bound.sorting.direction_parameter or is_accounts(shape, bound):
        return
    for name, column_name in bound.sorting.columns.items():
        column = table.column(column_name)
        if column is None or not (written(column) or column.base_type == "timestamptz") or column.array:
            continue
        pair = None if _is_reference(table, column) else distinct(shape.catalog, shape.values, table, column)
        if pair is None or key_field(shape, bound) is None:
            continue
        made = arrangement(shape, bound)
        links = made.parents(bound)
        low = made.row(table, {**links, column.name: shape.values.code(column, pair[0])}, variable="low")
        high = made.row(table, {**links, column.name: shape.values.code(column, pair[1])}, variable="high")
        for order, word in (([low, high], "ascending"), ([high, low], "descending")):
            asked = bound.sorting.spelt(name, descending=word == "descending")
            if not _allowed(shape, bound, asked):
                continue
            yield Scenario(
                f"{name_of(bound)}_sorted_by_{identifier(name)}_{word}",
                f"`{bound.sorting.parameter}={asked}` orders the list.",
                made.lines,
                ask(
                    shape,
                    bound,
                    made.path,
                    parameters={bound.sorting.parameter: asked},
                    headers=sender(shape, bound),
                ),
                main_status(bound),
                [f"data = {answer_path(bound)}", *_only(shape, bound, order)],
            )


def _allowed(shape: Shape, bound: Bound, value: str) -> bool:
    name = bound.sorting.parameter if bound.sorting else ""
    schema = next((one.schema for one in bound.operation.parameters if one.name == name), {})
    allowed = shape.contract.resolve(schema).get("enum")
    return allowed is None or value in allowed


def _only(shape: Shape, bound: Bound, rows: list[str]) -> list[str]:
    """The list holds these rows in this order and nothing else."""
    if key_field(shape, bound) is None:
        return [f"assert len(data) == {len(rows)}"]
    wanted = ", ".join(_identity(shape, bound, row) for row in rows)
    return [f"assert {_identities(shape, bound)} == [{wanted}]"]


def key_field(shape: Shape, bound: Bound) -> Field | None:
    """The property of the answer that holds the primary key, None when it is not one column or not answered."""
    key = shape.table(bound.table).primary_key
    return next((field for field in bound.answer if (field.column,) == key and field.embedded is None), None)


def _identities(shape: Shape, bound: Bound) -> str:
    key = key_field(shape, bound)
    return f"[item[{literal(key.property)}] for item in data]" if key else "data"


def _identity(shape: Shape, bound: Bound, row: str) -> str:
    key = key_field(shape, bound)
    column = shape.table(bound.table).column(key.column) if key else None
    if column is None:
        return row
    value = f"{row}[{literal(column.name)}]"
    return f"str({value})" if column.base_type == "uuid" else value


def links_of(bound: Bound) -> dict[str, Code]:
    """The columns that the arrangement itself gives a value: parents and owner."""
    columns = [step.joint or step.link for step in bound.path] + [bound.owner, *(one.here for one in bound.guards)]
    return {column: Code("") for column in columns if column}


def is_accounts(shape: Shape, bound: Bound) -> bool:
    """True for lists of users, in which the caller stands too."""
    return shape.accounts is not None and bound.table == shape.accounts.table


def _is_reference(table: Table, column: Column) -> bool:
    return any(column.name in key.columns for key in table.foreign_keys)


def several(shape: Shape, bound: Bound) -> bool:
    """True when several rows can stand in one list: no unique key fixes a row for caller and parents."""
    table = shape.table(bound.table)
    caller = bound.owner if bound.operation.protected else None
    fixed = {step.link for step in bound.path if step.link} | ({caller} if caller else set())
    return not any(set(unique.columns) <= fixed for unique in table.uniques if not unique.partial)


def neighbour(shape: Shape, bound: Bound, made: Arrangement) -> list[str]:
    """The line that makes another row of the same owner, which is not meant; none where there can be only one."""
    alone = is_accounts(shape, bound) or not several(shape, bound)
    return [] if alone else [made.call(shape.table(bound.table), {})]
