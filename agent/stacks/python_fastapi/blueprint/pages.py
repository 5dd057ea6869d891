"""Where a page of a list begins and ends, and what an answer says of it beside the rows."""

from __future__ import annotations

from dataclasses import dataclass

from agent.binding.converting import TEXTS
from agent.binding.model import Filter, Meta
from agent.stacks.python_fastapi.blueprint.bounds import largest
from agent.stacks.python_fastapi.blueprint.deriving import Deriving, property_schema
from agent.stacks.python_fastapi.blueprint.text import literal

COUNTING = frozenset({Meta.TOTAL, Meta.PAGES, Meta.NEXT, Meta.LAST, Meta.NEXT_PAGE, Meta.NEXT_URL, Meta.LAST_URL})
"""What cannot be told without counting all rows."""
_ADDRESSES = frozenset({Meta.SELF_URL, Meta.FIRST_URL, Meta.LAST_URL, Meta.NEXT_URL, Meta.PREVIOUS_URL})
_DIVIDED = frozenset({Meta.PAGES, Meta.PAGE, Meta.NEXT_PAGE, Meta.PREVIOUS_PAGE, Meta.LAST_URL})
"""What is told by dividing by the size of a page."""
_SAID_ALONE = frozenset({Meta.TOTAL, Meta.COUNT, Meta.EMPTY})
"""What takes neither limit nor offset to say."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows are read, as expressions."""

    limit: str
    """How many at most."""
    offset: str
    """How many stand before them."""
    start: str
    """What was asked: a number of a page, or of rows."""
    parameter: str
    """Name of the parameter that turns pages; empty where none does."""
    first: int = 0
    """What the parameter is on the first page."""
    numbered: bool = False
    """Pages have numbers; else the parameter is an offset."""
    cursor: str = ""
    """What names the last row to whoever wants those behind it, where pages begin behind a row."""

    @property
    def more(self) -> str:
        """Whether rows follow."""
        return "more" if self.cursor else f"{self.offset} + {self.limit} < total"

    def around(self) -> dict[Meta, str]:
        """What says where the page stands among all rows."""
        begin = self.offset == "0"
        number = self.start if self.numbered else "1" if begin else f"{self.offset} // {self.limit} + 1"
        return {
            Meta.TOTAL: "total",
            Meta.LIMIT: self.limit,
            Meta.PAGES: f"-(-total // {self.limit})",
            Meta.OFFSET: self.offset,
            Meta.PAGE: number,
            Meta.NEXT: self.more,
            Meta.PREVIOUS: "False" if begin else f"{self.offset} > 0",
            Meta.LAST: "not more" if self.cursor else f"{self.offset} + {self.limit} >= total",
            Meta.CURSOR: f"{self.cursor} if more else",
            Meta.FIRST: "True" if begin else f"{self.offset} == 0",
            Meta.COUNT: "len(rows)",
            Meta.EMPTY: "not rows",
            Meta.FROM: f"{self.offset} + 1 if rows else",
            Meta.TO: f"{self.offset} + len(rows) if rows else",
            Meta.NEXT_PAGE: f"{number} + 1 if {self.more} else" if self.parameter else "",
            Meta.PREVIOUS_PAGE: f"{number} - 1 if {self.offset} > 0 else" if self.parameter else "",
        }

    def addresses(self) -> dict[Meta, str]:
        """The addresses of this page and of others."""
        if self.cursor:
            named = self.cursor if self.cursor.startswith("str(") else f"str({self.cursor})"
            return {Meta.SELF_URL: "url", Meta.NEXT_URL: f"{self._address(named)} if more else"}
        if not self.parameter:
            return {Meta.SELF_URL: "url", Meta.FIRST_URL: "url", Meta.LAST_URL: "url"}
        step = "1" if self.numbered else self.limit
        before = f"{self.start} - 1" if self.numbered else f"max({self.start} - {self.limit}, 0)"
        last = f"max(total - 1, 0) // {self.limit}" + (" + 1" if self.first else "" if self.numbered else f" * {step}")
        return {
            Meta.SELF_URL: "url",
            Meta.FIRST_URL: self._address(str(self.first)),
            Meta.LAST_URL: self._address(last),
            Meta.NEXT_URL: f"{self._address(f'{self.start} + {step}')} if {self.more} else",
            Meta.PREVIOUS_URL: f"{self._address(before)} if {self.offset} > 0 else",
        }

    def _address(self, value: str) -> str:
        return f"page_url(url, {{{literal(self.parameter)}: {value}}})"


def window(one: Deriving) -> Window:
    """How many rows are read behind how many others."""
    paging = one.bound.paging
    limit = _brief(one, _limit(one), "most")
    if paging is not None and paging.cursor is not None:
        return Window(limit, "0", "", paging.cursor.parameter, cursor=_named_row(one, paging.cursor))
    if paging is None or paging.style == "none" or not paging.page_parameter:
        return Window(limit, "0", "0", "")
    numbered = paging.style == "page"
    first = paging.first if numbered else 0
    start = _brief(one, _given(one, paging.page_parameter, str(first)), "start")
    before = f"({start} - {first})" if first else start
    return Window(limit, f"{before} * {limit}" if numbered else start, start, paging.page_parameter, first, numbered)


def beside(one: Deriving, seen: Window, path: tuple[str, ...], meta: Meta) -> str:
    """The expression of what stands at that path beside the list."""
    if meta in _ADDRESSES:
        one.used.add("url")
    said = (seen.around() | seen.addresses()).get(meta, "")
    most = _most(one, path) if meta in (Meta.PAGE, Meta.OFFSET) and seen.parameter else None
    said = said if most is None else f"min({said}, {most})"
    nothing = "MISSING" if path in one.bound.envelope.omitted else "None"
    return f"{said} {nothing}".strip() if not said or said.endswith(" else") else said


def _named_row(one: Deriving, cursor: Filter) -> str:
    """What names the last row, in the type of the parameter that takes it."""
    reading = one.plan.reading(one.bound.table)
    key = f"rows[-1].{reading.value(cursor.columns[0])}"
    name = one.parameter(cursor.parameter)
    planned = next(found for found in one.planned.parameters if found.name == name)
    column = reading.table.column(cursor.columns[0])
    texts = "str" in planned.inner.text and column is not None and column.base_type not in TEXTS
    return f"str({key})" if texts else key


def _most(one: Deriving, path: tuple[str, ...]) -> int | None:
    """The largest number that an answer may say there, where a parameter that it repeats may be larger."""
    contract, success = one.plan.contract, one.bound.operation.success
    said = success.json if success else None
    for name in path:
        said = property_schema(contract, contract.resolve(said or {}), name)
    asked = one.bound.paging.page_parameter if one.bound.paging else ""
    sent = next((found.schema for found in one.bound.operation.parameters if found.name == asked), {})
    answered, taken = largest(contract.resolve(said or {})), largest(contract.resolve(sent))
    return answered if answered is not None and (taken is None or taken > answered) else None


def _brief(one: Deriving, expression: str, name: str) -> str:
    """A variable in place of an expression that would be said again and again."""
    metas = one.bound.envelope.meta.values()
    again = [meta for meta in metas for _ in range(2 if meta in _ADDRESSES else 1) if meta not in _SAID_ALONE]
    taken = {planned.name for planned in one.planned.parameters}
    once = len(again) < 2 and not one.bound.reads_ahead
    if expression.isidentifier() or expression.isdigit() or once or name in taken:
        return expression
    plain = expression[1:-1] if expression.startswith("(") and expression.count("(") == 1 else expression
    one.steps.before.append(f"{name} = {plain}")
    return name


def _limit(one: Deriving) -> str:
    paging = one.bound.paging
    if paging is None or not paging.limit_parameter:
        return str(paging.maximum if paging and paging.style == "none" else paging.default if paging else 100)
    given = _given(one, paging.limit_parameter, str(paging.default))
    schema = next(found.schema for found in one.bound.operation.parameters if found.name == paging.limit_parameter)
    said = one.plan.contract.resolve(schema)
    limit = given if "maximum" in said else f"min({given}, {paging.maximum})"
    above = max(said.get("minimum", 0), said.get("exclusiveMinimum", -1) + 1)
    divides = _DIVIDED & set(one.bound.envelope.meta.values())
    return f"max({limit}, 1)" if divides and above < 1 else limit


def _given(one: Deriving, parameter: str, otherwise: str) -> str:
    name = one.parameter(parameter)
    planned = next(found for found in one.planned.parameters if found.name == name)
    given = f"({otherwise} if {name} is None else {name})" if "None" in planned.inner.text else name
    return f"int({given.strip('()')})" if "float" in planned.inner.text else given
