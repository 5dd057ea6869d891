"""Lists: filters, order, pages and totals."""

from __future__ import annotations

from agent.binding.model import Filter
from agent.stacks.python_fastapi.blueprint.answers import Underivable, nested
from agent.stacks.python_fastapi.blueprint.deriving import Deriving
from agent.stacks.python_fastapi.blueprint.operations import call
from agent.stacks.python_fastapi.blueprint.pages import COUNTING, beside, window
from agent.stacks.python_fastapi.blueprint.repositories import Method, filtered
from agent.stacks.python_fastapi.blueprint.scopes import scope
from agent.stacks.python_fastapi.blueprint.text import constant, literal


def list_steps(one: Deriving) -> None:
    bound, repository = one.bound, one.repository
    reading = one.plan.reading(bound.table)
    conditions, arguments = scope(one, item=False)
    names = {condition.argument for condition in conditions}
    cursor, back = (bound.paging.cursor, bound.paging.back) if bound.paging else (None, None)
    backwards = ""
    for filter_ in (*bound.filters, *(one for one in (cursor, back) if one)):
        name = one.parameter(filter_.parameter)
        planned = next(found for found in one.planned.parameters if found.name == name)
        argument = name if name not in names else f"{name}_filter"
        names.add(argument)
        conditions.append(filtered(reading, filter_, argument, planned.inner))
        arguments[argument] = name
        if filter_ is back:
            backwards = argument
    for taken in ("sort", "limit", "offset"):
        if taken in names:
            raise Underivable(f"a filter is called `{taken}`")
    metas = set(bound.envelope.meta.values())
    counted = bool(bound.envelope.total_header) or (cursor is None and bool(COUNTING & metas))
    if bound.sorting:
        arguments["sort"] = _order(one)
    seen = window(one)
    arguments |= {"limit": seen.limit, "offset": seen.offset}
    if bound.reads_ahead:
        arguments["limit"] = f"{seen.limit} + 1"
        one.steps.between += [f"more = len(rows) > {seen.limit}", f"rows = rows[:{seen.limit}]"]
    if cursor and back:
        _turn_back(one, cursor, back)
    name = repository.add(
        Method(
            "list",
            f"list_{repository.attribute}" if one.planned.name in ("find", "create") else one.planned.name,
            tuple(conditions),
            sorted=bool(bound.sorting),
            counted=counted,
            back=backwards,
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
    values |= {path: beside(one, seen, path, meta) for path, meta in bound.envelope.meta.items()}
    values |= {path: constant(value) for path, value in bound.envelope.fixed.items()}
    one.steps.answer = one.validated(nested(values))


def _turn_back(one: Deriving, cursor: Filter, back: Filter) -> None:
    """Refuse both directions at once, and put rows that were read backwards into the order of the list."""
    here, there = one.parameter(back.parameter), one.parameter(cursor.parameter)
    place, why = literal(f"query.{back.parameter}"), literal(f"It cannot stand beside {cursor.parameter}.")
    one.steps.before += [
        f"if {there} is not None and {here} is not None:",
        f"    raise InvalidInput(details=[FieldProblem({place}, {why})])",
    ]
    one.steps.between += [f"if {here} is not None:", "    rows = rows[::-1]"]


def _order(one: Deriving) -> str:
    sorting = one.bound.sorting
    assert sorting is not None
    default = ",".join(sorting.default)
    name = one.parameter(sorting.parameter)
    planned = next(found for found in one.planned.parameters if found.name == name)
    several = planned.inner.text.startswith("list[")
    wanted = f'",".join({name} or [])' if several else name
    if sorting.directed:
        chosen = f"signed({_terms(name, planned.inner.text, sorting.directed)}, {literal(sorting.directed)})"
        return f'{chosen} or "{default}"' if default else chosen
    optional = "None" in planned.inner.text or planned.inner.text.startswith("list[")
    chosen = f'({wanted} or "{default}")' if optional else wanted
    if not sorting.direction_parameter:
        return chosen.removeprefix("(").removesuffix(")") if chosen.startswith("(") else chosen
    direction = one.parameter(sorting.direction_parameter)
    shown = next(found for found in one.planned.parameters if found.name == direction)
    otherwise = "desc" if sorting.descending else "asc"
    said = f'({direction} or "{otherwise}")' if "None" in shown.inner.text else direction
    if optional and not default:
        return f'f"-{{{wanted}}}" if {name} and {said}.lower() == "desc" else {wanted} or ""'
    return f'f"-{{{chosen}}}" if {said}.lower() == "desc" else {chosen}'


def _terms(name: str, kind: str, separator: str) -> str:
    """The single orders of a parameter; commas stand between several where none stands before the direction."""
    if kind.startswith("list["):
        return f"{name} or []"
    given = f'({name} or "")' if "None" in kind else name
    return f'{given}.split(",")' if separator != "," else f"[{given.strip('()')}]"
