"""What stands beside a list in its answer: totals, pages, and the addresses of other pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from agent.binding.columns import short
from agent.binding.inputs import Inputs
from agent.binding.model import Meta
from agent.binding.reasons import Undecided
from agent.binding.shapes import Shape
from agent.binding.words import plural, singular, snake
from agent.catalog.model import Table
from agent.contract.model import Parameter

type Path = tuple[str, ...]

_NUMBERS: dict[str, Meta] = {
    **dict.fromkeys(("page", "current_page", "page_number", "page_no", "page_index", "current", "number"), Meta.PAGE),
    **dict.fromkeys(("limit", "per_page", "page_size", "size", "take", "items_per_page"), Meta.LIMIT),
    **dict.fromkeys(("offset", "skip"), Meta.OFFSET),
    **dict.fromkeys(
        ("total", "total_count", "total_items", "item_count", "total_results", "total_elements"), Meta.TOTAL
    ),
    **dict.fromkeys(("total_records", "total_rows", "total_docs", "total_hits", "count"), Meta.TOTAL),
    **dict.fromkeys(("pages", "total_pages", "page_count", "last_page", "num_pages"), Meta.PAGES),
    **dict.fromkeys(("number_of_elements", "returned", "result_count"), Meta.COUNT),
    "from": Meta.FROM,
    "to": Meta.TO,
    "next_page": Meta.NEXT_PAGE,
    **dict.fromkeys(("prev_page", "previous_page"), Meta.PREVIOUS_PAGE),
}
_FLAGS: dict[str, Meta] = {
    **dict.fromkeys(("has_next", "has_next_page", "has_more"), Meta.NEXT),
    **dict.fromkeys(("has_previous", "has_previous_page", "has_prev", "has_prev_page"), Meta.PREVIOUS),
    **dict.fromkeys(("first", "is_first", "first_page"), Meta.FIRST),
    **dict.fromkeys(("last", "is_last", "last_page"), Meta.LAST),
    **dict.fromkeys(("empty", "is_empty"), Meta.EMPTY),
}
_NARROWING = frozenset({"pattern", "maxLength", "minLength"})
"""What an address or a key need not keep."""
_OF_THE_LIST = frozenset({"empty", "first", "last"})
"""Flags that may be about anything else where they do not stand right beside the list."""
_ADDRESSES: dict[str, Meta] = {"self": Meta.SELF_URL} | {
    f"{name}{ending}": meaning
    for names, meaning in (
        (("next",), Meta.NEXT_URL),
        (("prev", "previous"), Meta.PREVIOUS_URL),
        (("first",), Meta.FIRST_URL),
        (("last",), Meta.LAST_URL),
    )
    for name in names
    for ending in ("", "_url", "_link", "_href", "_page_url", "_page_link")
}
_CURSORS = frozenset(
    {"next", "next_cursor", "next_page", "next_page_cursor", "next_token", "next_page_token", "page_token", "cursor"}
    | {"after", "end_cursor", "continuation_token", "continuation", "next_marker", "marker", "last_evaluated_key"}
)
_FORWARD = frozenset({Meta.CURSOR, Meta.NEXT, Meta.LAST, Meta.NEXT_URL})
"""What is said of the rows behind a page."""
_WITH_CURSOR = frozenset({Meta.NEXT, Meta.LAST, Meta.LIMIT, Meta.COUNT, Meta.EMPTY, Meta.SELF_URL, Meta.NEXT_URL})
_SOMETIMES = frozenset(
    {Meta.FROM, Meta.TO, Meta.CURSOR, Meta.NEXT_PAGE, Meta.PREVIOUS_PAGE, Meta.NEXT_URL, Meta.PREVIOUS_URL}
)
"""What there is nothing to say of on some pages."""


@dataclass(slots=True)
class Beside:
    """What was found so far beside a list."""

    meta: dict[Path, Meta] = field(default_factory=dict)
    omitted: set[Path] = field(default_factory=set)
    fixed: dict[Path, str | bool | int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def beside_list(inputs: Inputs, said: Shape, data: Path, table: Table, cursor: Parameter | None = None) -> Beside:
    """What everything beside the list at `data` means; raises `Undecided` for what is required and nothing gives.

    `cursor` is the parameter that names the row behind which a page begins.
    """
    found = Beside()
    _read(inputs, said, data, (), table, cursor, found)
    return found


def demand_both_ways(found: Beside, back: str) -> None:
    """Raise `Undecided` where something tells what is behind a page, and so nothing for one that ends before a row.

    `has_more` alone means more in the direction that was asked for.
    """
    for path, meaning in found.meta.items():
        if meaning in _FORWARD and snake(path[-1]) != "has_more":
            raise Undecided(f"`{path[-1]}` tells of what follows, and nothing says what it is with `{back}`")


def _read(
    inputs: Inputs, said: Shape, data: Path, path: Path, table: Table, cursor: Parameter | None, found: Beside
) -> None:
    names = {snake(name) for name in said.properties}
    for name, schema in said.properties.items():
        here, inner = (*path, name), inputs.shape(schema)
        if here == data:
            continue
        fixed, meaning = inner.only, _meaning(name, inner, names, table, path == data[:-1])
        if cursor is not None:
            meaning = _by_cursor(inputs, name, inner, cursor, meaning)
        if inner.is_object:
            _read(inputs, inner, data, here, table, cursor, found)
        elif fixed is not None:
            found.fixed[here] = fixed
        elif meaning is not None and (inner.nullable or meaning not in _SOMETIMES or name not in said.required):
            found.meta[here] = meaning
            if meaning in _SOMETIMES and not inner.nullable:
                found.omitted.add(here)
        elif name in said.required:
            raise Undecided(f"answer property `{name}` beside the list is neither total nor page, and nothing gives it")
        else:
            found.left_out.append(name)


def _by_cursor(inputs: Inputs, name: str, said: Shape, cursor: Parameter, meaning: Meta | None) -> Meta | None:
    """What a property means where pages begin behind a row: nothing is known of all rows, nor of those before."""
    address = said.format in {"uri", "url", "uri-reference"}
    if _NARROWING & set(said.schema):
        return None
    if not address and said.types == inputs.shape(cursor.schema).types and snake(name) in _CURSORS:
        return Meta.CURSOR
    return meaning if meaning in _WITH_CURSOR else None


def _meaning(name: str, said: Shape, others: Collection[str], table: Table, level: bool) -> Meta | None:
    """What a property means; `level` where it stands right beside the list."""
    known = snake(name)
    if said.values:
        return None
    if said.types == {"boolean"}:
        return _FLAGS.get(known) if level or known not in _OF_THE_LIST else None
    if (
        said.types == {"string"}
        and not _NARROWING & set(said.schema)
        and said.format in {"", "uri", "url", "uri-reference"}
    ):
        return _ADDRESSES.get(known)
    if not said.types or not said.types <= {"integer", "number"}:
        return None
    if known == "count" and any(_NUMBERS.get(other) is Meta.TOTAL for other in others if other != "count"):
        return Meta.COUNT
    rows = plural(short(table))
    named = known in {f"{rows}_count", f"{singular(rows)}_count", f"total_{rows}"}
    return _NUMBERS.get(known, Meta.TOTAL if named else None)
