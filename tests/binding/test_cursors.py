"""Lists whose pages begin behind a row that a parameter names, or end before one."""

from __future__ import annotations

from typing import Any

import pytest

from agent.binding.model import Filter, Meta, Paging
from tests.binding.conftest import Derive
from tests.binding.phrases import DAY, TEXT, WHOLE, operation, record, rows
from tests.binding.schemas import LIBRARY
from tests.binding.test_lists import BOOK, FLAG, listing


@pytest.mark.parametrize("name", ["cursor", "after", "starting_after", "pageToken", "nextToken"])
def test_a_page_may_begin_behind_the_row_that_a_cursor_names(derive: Derive, name: str) -> None:
    answer = record(data=rows(BOOK), has_more=FLAG, next_cursor={"type": ["string", "null"]})
    bound = listing(derive, answer, **{name: TEXT, "limit": WHOLE})
    assert bound.reason == ""
    assert bound.paging is not None
    assert bound.paging.cursor == Filter(name, ("id",), "above", "text")
    assert bound.filters == ()
    assert bound.envelope.meta == {("has_more",): Meta.NEXT, ("next_cursor",): Meta.CURSOR}
    assert bound.reads_ahead


@pytest.mark.parametrize(
    ("query", "answer", "reason"),
    [
        ({"cursor": TEXT, "page": WHOLE}, rows(BOOK), "both `page` and `cursor` say where a page begins"),
        ({"cursor": TEXT, "sort": TEXT}, rows(BOOK), "`sort` can choose another order"),
        ({"cursor": TEXT}, record(data=rows(BOOK), total=WHOLE), "answer property `total` beside the list"),
    ],
)
def test_a_cursor_that_cannot_be_kept_is_a_hole(derive: Derive, query: Any, answer: Any, reason: str) -> None:
    assert reason in listing(derive, answer, **query).reason


def test_a_moment_is_no_cursor(derive: Derive) -> None:
    bound = listing(derive, after=DAY)
    assert bound.paging is not None
    assert bound.paging.cursor is None


PAGE = record(data=rows(BOOK), has_more=FLAG)


@pytest.mark.parametrize(
    ("forward", "back"),
    [("starting_after", "ending_before"), ("startingAfter", "endingBefore"), ("after", "before")],
)
def test_a_page_may_also_end_before_a_row(derive: Derive, forward: str, back: str) -> None:
    bound = listing(derive, PAGE, **{forward: TEXT, back: TEXT, "limit": WHOLE})
    behind, before = Filter(forward, ("id",), "above", "text"), Filter(back, ("id",), "below", "text")
    assert bound.reason == ""
    assert bound.paging == Paging("none", "", "limit", cursor=behind, back=before)
    assert bound.filters == ()
    assert bound.envelope.meta == {("has_more",): Meta.NEXT}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"ending_before": TEXT}, "query parameter `ending_before` has no column in `books`"),
        ({"page_token": TEXT, "before": TEXT}, "query parameter `before` has no column in `books`"),
        ({"starting_after": TEXT, "ending_before": {**TEXT, "default": "a"}}, "`ending_before` is always there"),
        ({"starting_after": TEXT, "ending_before": TEXT, "sort": TEXT}, "`sort` can choose another order"),
    ],
)
def test_a_way_back_that_cannot_be_kept_is_a_hole(derive: Derive, query: Any, reason: str) -> None:
    assert reason in listing(derive, PAGE, **query).reason


@pytest.mark.parametrize("name", ["next_cursor", "has_next", "next", "last"])
def test_what_tells_only_of_what_follows_has_no_meaning_on_the_way_back(derive: Derive, name: str) -> None:
    said = {"next_cursor": {"type": ["string", "null"]}, "next": {"type": ["string", "null"], "format": "uri"}}
    answer = record(data=rows(BOOK), **{name: said.get(name, FLAG)})
    forward: dict[str, Any] = {"starting_after": TEXT}
    assert listing(derive, answer, **forward).reason == ""
    reason = listing(derive, answer, **forward, ending_before=TEXT).reason
    assert reason == f"`{name}` tells of what follows, and nothing says what it is with `ending_before`"


def test_words_on_which_of_two_cursors_counts_are_a_hole(derive: Derive) -> None:
    told = ("A row of the list.", "A row of the list. Takes precedence over `starting_after`.")
    names = ("starting_after", "ending_before")
    asked = [
        {"name": name, "in": "query", "schema": TEXT, "description": words}
        for name, words in zip(names, told, strict=True)
    ]
    get = operation(answer=PAGE, parameters=asked)
    reason = derive(LIBRARY, f"/books: {{get: {get}}}").operations[0].reason
    assert reason == "`ending_before` says what `starting_after` and `ending_before` mean together, in words only"


def test_a_moment_before_which_is_a_filter_beside_a_cursor(derive: Derive) -> None:
    bound = listing(derive, PAGE, starting_after=TEXT, createdBefore=DAY)
    assert bound.paging is not None
    assert bound.paging.back is None
    assert [one.parameter for one in bound.filters] == ["createdBefore"]
