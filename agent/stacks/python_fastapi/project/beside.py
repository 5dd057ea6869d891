"""What the tests of a list expect beside its rows: totals, numbers of pages, and the addresses of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from agent.binding.model import Bound, Meta
from agent.stacks.python_fastapi.project.source import literal

TOTAL = 3
"""How many rows there are in these tests."""
_ABOUT_OTHERS = frozenset({Meta.CURSOR, Meta.NEXT_PAGE, Meta.NEXT_URL, Meta.LAST})


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list of three rows."""

    offset: int
    limit: int
    rows: int
    """How many rows it holds."""

    @property
    def more(self) -> bool:
        """Whether rows follow."""
        return self.offset + self.limit < TOTAL


def tells_of_others(bound: Bound) -> bool:
    """Whether an answer says which page follows."""
    return bound.reads_ahead or bool(_ABOUT_OTHERS & set(bound.envelope.meta.values()))


def beside_page(bound: Bound, number: int, page: Page) -> Iterator[str]:
    """The assertions about everything beside the rows of a page, which bears that number."""
    numbers, addresses = _numbers(number, page), _addresses(bound, number, page)
    for path, meaning in bound.envelope.meta.items():
        place = "response.json()" + "".join(f"[{literal(name)}]" for name in path)
        value = addresses.get(meaning) if meaning in addresses else numbers.get(meaning)
        if page.more and bound.reads_ahead and meaning in (Meta.CURSOR, Meta.NEXT_URL):
            yield f"assert {place} is not None"
        elif value is None and path in bound.envelope.omitted:
            yield f"assert {literal(path[-1])} not in {place.removesuffix(f'[{literal(path[-1])}]')}"
        elif meaning in addresses and value is not None:
            yield f"assert {place}.endswith({literal(str(value))})"
        elif meaning in addresses or meaning in numbers:
            yield f"assert {place} {'is' if value is None or isinstance(value, bool) else '=='} {value}"


def _numbers(number: int, page: Page) -> dict[Meta, int | bool | None]:
    before = page.offset > 0
    return {
        Meta.TOTAL: TOTAL,
        Meta.LIMIT: page.limit,
        Meta.PAGES: -(-TOTAL // page.limit),
        Meta.OFFSET: page.offset,
        Meta.PAGE: number,
        Meta.NEXT: page.more,
        Meta.PREVIOUS: before,
        Meta.LAST: not page.more,
        Meta.FIRST: not before,
        Meta.COUNT: page.rows,
        Meta.EMPTY: not page.rows,
        Meta.FROM: page.offset + 1 if page.rows else None,
        Meta.TO: page.offset + page.rows if page.rows else None,
        Meta.NEXT_PAGE: number + 1 if page.more else None,
        Meta.PREVIOUS_PAGE: number - 1 if before else None,
    }


def _addresses(bound: Bound, number: int, page: Page) -> dict[Meta, str | None]:
    """How the addresses end; None where there is none."""
    paging = bound.paging
    if paging is None or not paging.page_parameter:
        return {Meta.CURSOR: None, Meta.NEXT_URL: None, Meta.PREVIOUS_URL: None}
    numbered = paging.style == "page"
    here, step = (number, 1) if numbered else (page.offset, page.limit)
    first = paging.first if numbered else 0
    last = (TOTAL - 1) // page.limit

    def at(value: int) -> str:
        return urlencode({paging.page_parameter: value})

    return {
        Meta.FIRST_URL: at(first),
        Meta.LAST_URL: at(first + last if numbered else last * page.limit),
        Meta.NEXT_URL: at(here + step) if page.more else None,
        Meta.PREVIOUS_URL: at(max(here - step, 0)) if page.offset > 0 else None,
    }
