"""Lists: how they are narrowed, ordered and cut into pages."""

from __future__ import annotations

import re
from dataclasses import replace

from agent.binding.columns import column_for, event
from agent.binding.converting import TEMPORAL, TEXTS, comparing, conversion, selecting
from agent.binding.cursors import cursor, cursor_back, demand_one_way, named_row
from agent.binding.inputs import Inputs
from agent.binding.model import Comparison, Field, Filter, Paging, Sorting
from agent.binding.querying import in_query, one_of
from agent.binding.reasons import Undecided, all_or_reasons
from agent.binding.shapes import Shape
from agent.binding.words import mentions, singular, snake, words
from agent.catalog.model import Column, Table
from agent.contract.model import Operation, Parameter

_PAGE = frozenset({"page", "page_number", "page_no", "page_index"})
_OFFSET = frozenset({"offset", "skip"})
_LIMIT = frozenset({"limit", "per_page", "page_size", "size", "take", "max_results", "page_limit"})
_SORT = frozenset({"sort", "sort_by", "order_by", "ordering", "sorting"})
_DIRECTION = frozenset({"order", "direction", "sort_order", "sort_dir", "sort_direction", "order_dir", "dir"})
_WAYS = frozenset({"asc", "desc"})
_SPELT = re.compile(r"^\s*-?[\w.]+\s*([,:])\s*(?:asc|desc)\s*$", re.IGNORECASE)
"""`name,desc`, as Spring has it, or `name:desc`."""
_TOLD = re.compile(r"\w[(>}\])]*([,:])[\[({<|]*[`'\"]?(?:asc|desc)\b", re.IGNORECASE)
"""The same in words: `property,(asc|desc)`."""
_SEARCH = frozenset({"q", "search", "query", "keyword", "term", "search_term", "search_query", "text"})
_PARTIAL = ("contain", "part of", "substring", "partial")
_BOUNDS: dict[str, Comparison] = {
    "min": "at least",
    "minimum": "at least",
    "from": "at least",
    "since": "at least",
    "gte": "at least",
    "ge": "at least",
    "start": "at least",
    "max": "at most",
    "maximum": "at most",
    "to": "at most",
    "until": "at most",
    "lte": "at most",
    "le": "at most",
    "end": "at most",
    "after": "above",
    "gt": "above",
    "before": "below",
    "lt": "below",
}
_MOMENTS = {"date": ("date",), "timestamptz": ("date-time",), "timestamp": ("date-time",)}
"""Type of a column → formats that `since` and `until` alone may have to mean it, where it is the only one."""


def paging(inputs: Inputs, operation: Operation, table: Table) -> Paging:
    """How the list is cut into pages."""
    query = in_query(operation)
    page, offset, limit = (one_of(query, names) for names in (_PAGE, _OFFSET, _LIMIT))
    behind = cursor(inputs, operation, table)
    begins = [one.name for one in (page, offset, behind) if one]
    if len(begins) > 1:
        raise Undecided(f"both `{begins[0]}` and `{begins[1]}` say where a page begins")
    default, maximum = _bounds(inputs, limit) if limit else (100, 100)
    result = Paging("none", limit_parameter=limit.name if limit else "", default=default, maximum=maximum)
    if page:
        first = inputs.shape(page.schema).schema
        zero = 0 in (first.get("minimum"), first.get("default"))
        return replace(result, style="page", page_parameter=page.name, first=0 if zero else 1)
    if behind:
        return _behind(inputs, operation, table, behind, result)
    return replace(result, style="offset", page_parameter=offset.name) if offset else result


def _behind(inputs: Inputs, operation: Operation, table: Table, asked: Parameter, whole: Paging) -> Paging:
    """Pages in the order of keys; raises `Undecided` where that may not be the order of the list."""
    other, back = one_of(in_query(operation), _SORT), cursor_back(inputs, operation, table)
    if other is not None:
        raise Undecided(f"`{asked.name}` says where a page begins, and `{other.name}` can choose another order")
    forward = named_row(inputs, table, asked, "above")
    if back is None:
        return replace(whole, cursor=forward)
    demand_one_way(inputs, asked, back)
    return replace(whole, cursor=forward, back=named_row(inputs, table, back, "below"))


def _bounds(inputs: Inputs, limit: Parameter) -> tuple[int, int]:
    said = inputs.shape(limit.schema).schema
    above = said.get("exclusiveMaximum")
    stated = said.get("maximum", above - 1 if isinstance(above, int | float) else None)
    default = said.get("default")
    maximum = int(stated) if stated is not None else max(100, int(default or 0))
    return min(int(default) if default is not None else 20, maximum), maximum


def sorting(inputs: Inputs, operation: Operation, table: Table, answer: tuple[Field, ...]) -> Sorting | None:
    """How the list is ordered on request; None when the contract offers nothing."""
    query = in_query(operation)
    asked, direction = one_of(query, _SORT), one_of(query, _DIRECTION)
    ways = {str(value).lower() for value in inputs.shape(direction.schema).values} if direction else set()
    if asked is None and direction is not None:
        if ways and ways <= {"asc", "desc"}:
            raise Undecided(f"query parameter `{direction.name}` says a direction, and nothing says of what")
        asked, direction = direction, None
    if asked is None:
        return None
    if direction is not None and not ways <= {"asc", "desc"}:
        raise Undecided(f"query parameters `{asked.name}` and `{direction.name}` both say an order")
    said = inputs.shape(asked.schema)
    said = inputs.shape(said.items or {}) if said.is_array else said
    default = _default(inputs, asked)
    directed = _directed(inputs, asked, said) if direction is None else ""
    default = tuple(_signed(name, directed) for name in default) if directed else default
    names = [_signed(str(value), directed).lstrip("+-") for value in said.values] or _sortable(table, answer)
    columns = dict(all_or_reasons(dict.fromkeys(names), lambda name: (name, _sort_column(table, asked, name, answer))))
    wrong = [name for name in default if name.lstrip("+-") not in columns]
    if wrong:
        raise Undecided(
            f"query parameter `{asked.name}` is `{wrong[0]}` by default, which has no column in `{table.name}`"
        )
    result = Sorting(asked.name, columns, default, directed=directed)
    if direction is None:
        return result
    descending = str(inputs.shape(direction.schema).default or "").lower() == "desc"
    return replace(result, direction_parameter=direction.name, descending=descending)


def _directed(inputs: Inputs, asked: Parameter, said: Shape) -> str:
    """What stands between a name and `asc` or `desc` in values of the parameter; empty where none stands there."""
    whole = inputs.shape(asked.schema).schema
    shown = [whole.get("default"), whole.get("example"), whole.get("examples"), *said.values]
    texts = [str(one) for value in shown for one in (value if isinstance(value, list) else [value])]
    texts += [part for text in texts for part in text.split(",") if ":" in part]
    told = [found[1] for text in texts if (found := _SPELT.search(text))]
    told += [found[1] for found in [_TOLD.search(asked.description)] if found]
    if len(set(told)) > 1:
        raise Undecided(f"query parameter `{asked.name}` is spelt in two ways")
    return told[0] if told else ""


def _signed(text: str, directed: str) -> str:
    """`name,desc` as `-name`."""
    name, separator, way = text.rpartition(directed) if directed else ("", "", "")
    known = separator and way.strip().lower() in _WAYS
    return f"{'-' if way.strip().lower() == 'desc' else ''}{name.strip()}" if known else text


def _default(inputs: Inputs, asked: Parameter) -> tuple[str, ...]:
    stated = inputs.shape(asked.schema).default
    single = isinstance(stated, str) and ":" not in stated and _SPELT.search(stated)
    names = stated if isinstance(stated, list) else [stated] if single else str(stated or "").split(",")
    return tuple(str(name).strip() for name in names if str(name).strip())


def _sortable(table: Table, answer: tuple[Field, ...]) -> list[str]:
    simple = [field for field in answer if not field.embedded and not field.secret]
    columns = [(field, table.column(field.column)) for field in simple]
    return [
        field.property for field, column in columns if column and not column.array and column.base_type not in {"json"}
    ]


def _sort_column(table: Table, asked: Parameter, name: str, answer: tuple[Field, ...]) -> str:
    answered = [field.column for field in answer if field.property == name and not field.embedded]
    column = table.column(answered[0]) if answered else column_for(table, name, Shape())
    column = column or _moment(table, name)
    if column is None:
        raise Undecided(f"query parameter `{asked.name}` allows `{name}`, which has no column in `{table.name}`")
    return column.name


def filters(inputs: Inputs, operation: Operation, table: Table, answer: tuple[Field, ...]) -> tuple[Filter, ...]:
    """What narrows the list: every query parameter that neither pages nor sorts."""
    other = _PAGE | _OFFSET | _LIMIT | _SORT | _DIRECTION
    turning = (cursor(inputs, operation, table), cursor_back(inputs, operation, table))
    narrowing = [one for one in in_query(operation) if snake(one.name) not in other and one not in turning]
    return all_or_reasons(narrowing, lambda one: _filter(inputs, table, one, answer))


def _filter(inputs: Inputs, table: Table, asked: Parameter, answer: tuple[Field, ...]) -> Filter:
    said = inputs.shape(asked.schema)
    if said.is_object:
        raise Undecided(f"query parameter `{asked.name}` is an object")
    secret = inputs.users.password if inputs.users and inputs.is_users(table) else None
    column = column_for(table, asked.name, said) or _in_singular(table, asked.name, said)
    _demand_living(inputs, table, asked, column)
    if column is not None and column != secret:
        return _equal(inputs, column, asked, said)
    if snake(asked.name) in _SEARCH:
        return Filter(asked.name, _searched(table, asked, answer), "contains")
    bound = _bound(table, asked.name, said)
    if bound is None:
        raise Undecided(f"query parameter `{asked.name}` has no column in `{table.name}`")
    column, comparison = bound
    _demand_living(inputs, table, asked, column)
    between = comparing(inputs.contract, inputs.catalog, column, asked.name, said)
    return Filter(asked.name, (column.name,), comparison, between)


def _demand_living(inputs: Inputs, table: Table, asked: Parameter, column: Column | None) -> None:
    mark = inputs.marks.get(table.name)
    if mark is not None and column is not None and column.name in mark.columns:
        raise Undecided(f"query parameter `{asked.name}` asks for removed rows of `{table.name}`, which nobody finds")


def _equal(inputs: Inputs, column: Column, asked: Parameter, said: Shape) -> Filter:
    several = said.is_array and not column.array
    one = inputs.shape(said.items or {}) if several else said
    if several:
        between = conversion(inputs.contract, inputs.catalog, column, asked.name, one, writes=True)
    else:
        between = selecting(inputs.contract, inputs.catalog, column, asked.name, one)
    partly = (
        column.base_type in TEXTS and not column.enum and any(word in asked.description.lower() for word in _PARTIAL)
    )
    comparison: Comparison = "any of" if several else "contains" if partly else "equal"
    return Filter(asked.name, (column.name,), comparison, between)


def _in_singular(table: Table, name: str, said: Shape) -> Column | None:
    return column_for(table, singular(name), said) if said.is_array and singular(name) != snake(name) else None


def _searched(table: Table, asked: Parameter, answer: tuple[Field, ...]) -> tuple[str, ...]:
    shown = {field.column for field in answer if not field.embedded}
    texts = [
        column.name
        for column in table.columns
        if column.name in shown and column.base_type in TEXTS and not column.enum and not column.array
    ]
    named = [name for name in texts if mentions(asked.description, name)]
    if not texts:
        raise Undecided(
            f"query parameter `{asked.name}` searches text, and the answer has no text column of `{table.name}`"
        )
    return tuple(named or texts)


def _bound(table: Table, name: str, said: Shape) -> tuple[Column, Comparison] | None:
    parts = words(name)
    for word, rest in ((parts[0], parts[1:]), (parts[-1], parts[:-1])) if len(parts) > 1 else ():
        if word in _BOUNDS:
            column = column_for(table, "_".join(rest), said) or _moment(table, "_".join(rest))
            if column is not None:
                return column, _BOUNDS[word]
    if len(parts) == 1 and parts[0] in _BOUNDS:
        column = _only(table, [one for one in table.columns if said.format in _MOMENTS.get(one.base_type, ())])
        return (column, _BOUNDS[parts[0]]) if column else None
    return None


def _moment(table: Table, name: str) -> Column | None:
    """The date or time column named after the same event: `created` → `created_at`."""
    if not event(name):
        return _only(
            table, [column for column in table.columns if column.base_type in TEMPORAL and snake(column.name) == name]
        )
    return _only(table, [one for one in table.columns if one.base_type in TEMPORAL and event(one.name) == event(name)])


def _only(table: Table, columns: list[Column]) -> Column | None:
    if len(columns) > 1:
        names = " and ".join(f"`{column.name}`" for column in columns)
        raise Undecided(f"the columns {names} of `{table.name}` can both be meant")
    return columns[0] if columns else None
