"""Lists: filters, order, pages and totals."""

from __future__ import annotations

from agent.binding.model import Meta
from agent.stacks.python_fastapi.blueprint.answers import Underivable, nested
from agent.stacks.python_fastapi.blueprint.deriving import Deriving
from agent.stacks.python_fastapi.blueprint.operations import call
from agent.stacks.python_fastapi.blueprint.repositories import Method, filtered
from agent.stacks.python_fastapi.blueprint.scopes import scope

_COUNTING = {Meta.TOTAL, Meta.PAGES, Meta.NEXT}
"""What cannot be told without counting all rows."""


def list_steps(one: Deriving) -> None:
    bound, repository = one.bound, one.repository
    reading = one.plan.reading(bound.table)
    conditions, arguments = scope(one, item=False)
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
    counted = bool(bound.envelope.total_header) or bool(_COUNTING & set(bound.envelope.meta.values()))
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
        case Meta.NEXT:
            return f"{_window(one)['offset']} + {limit} < total"
        case Meta.PREVIOUS:
            return f"{_window(one)['offset']} > 0"


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
    given = f"({otherwise} if {name} is None else {name})" if "None" in planned.inner.text else name
    return f"int({given.strip('()')})" if "float" in planned.inner.text else given


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
