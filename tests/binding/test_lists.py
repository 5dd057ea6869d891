"""Lists: envelopes, filters, sorting, pages."""

from __future__ import annotations

from typing import Any

import pytest

from agent.binding.model import Bound, Filter, Meta, Paging, Sorting
from tests.binding.conftest import Derive
from tests.binding.phrases import DAY, TEXT, TIME, UUID, WHOLE, maybe, operation, record, rows
from tests.binding.schemas import LIBRARY

BOOK = record("title", "isbn", id=UUID, pages=WHOLE, createdAt=TIME, price={"type": "number"})


def listing(derive: Derive, answer: Any = None, **query: Any) -> Bound:
    """What listing books is bound to."""
    get = operation(answer=answer or rows(BOOK), query=query)
    return derive(LIBRARY, f"/books: {{get: {get}}}").operations[0]


def filter_of(derive: Derive, name: str, schema: Any, description: str = "") -> Filter:
    parameter = {"name": name, "in": "query", "schema": schema, "description": description}
    get = operation(answer=rows(BOOK), parameters=[parameter])
    bound = derive(LIBRARY, f"/books: {{get: {get}}}").operations[0]
    assert bound.reason == ""
    assert len(bound.filters) == 1
    return bound.filters[0]


FLAG = {"type": "boolean"}
ADDRESS = {"type": "string", "format": "uri"}


@pytest.mark.parametrize(
    ("answer", "data", "meta"),
    [
        (rows(BOOK), (), {}),
        (record(data=rows(BOOK)), ("data",), {}),
        (record(books=rows(BOOK), total=WHOLE), ("books",), {("total",): Meta.TOTAL}),
        (record(items=rows(BOOK), count=WHOLE), ("items",), {("count",): Meta.TOTAL}),
        (
            record(data=rows(BOOK), meta=record(page=WHOLE, perPage=WHOLE, totalItems=WHOLE, totalPages=WHOLE)),
            ("data",),
            {
                ("meta", "page"): Meta.PAGE,
                ("meta", "perPage"): Meta.LIMIT,
                ("meta", "totalItems"): Meta.TOTAL,
                ("meta", "totalPages"): Meta.PAGES,
            },
        ),
        (
            record(items=rows(BOOK), take=WHOLE, itemCount=WHOLE, hasNextPage=FLAG, has_previous=FLAG),
            ("items",),
            {
                ("take",): Meta.LIMIT,
                ("itemCount",): Meta.TOTAL,
                ("hasNextPage",): Meta.NEXT,
                ("has_previous",): Meta.PREVIOUS,
            },
        ),
        (record(data=record(items=rows(BOOK), offset=WHOLE)), ("data", "items"), {("data", "offset"): Meta.OFFSET}),
        (
            record(data=rows(BOOK), total=WHOLE, count=WHOLE),
            ("data",),
            {("total",): Meta.TOTAL, ("count",): Meta.COUNT},
        ),
        (record(_embedded=record(books=rows(BOOK))), ("_embedded", "books"), {}),
        (record(books=rows(BOOK), total_pages=WHOLE), ("books",), {("total_pages",): Meta.PAGES}),
        (record(books=rows(BOOK), books_count=WHOLE), ("books",), {("books_count",): Meta.TOTAL}),
        (
            record(count=WHOLE, next=maybe(ADDRESS), previous=maybe(ADDRESS), results=rows(BOOK)),
            ("results",),
            {("count",): Meta.TOTAL, ("next",): Meta.NEXT_URL, ("previous",): Meta.PREVIOUS_URL},
        ),
        (
            record(content=rows(BOOK), number=WHOLE, numberOfElements=WHOLE, first=FLAG, last=FLAG, empty=FLAG),
            ("content",),
            {
                ("number",): Meta.PAGE,
                ("numberOfElements",): Meta.COUNT,
                ("first",): Meta.FIRST,
                ("last",): Meta.LAST,
                ("empty",): Meta.EMPTY,
            },
        ),
        (
            record(
                data=rows(BOOK),
                links=record(first=ADDRESS, last=ADDRESS, self=ADDRESS),
                meta=record(current_page=WHOLE, to=maybe(WHOLE), **{"from": maybe(WHOLE)}),
            ),
            ("data",),
            {
                ("links", "first"): Meta.FIRST_URL,
                ("links", "last"): Meta.LAST_URL,
                ("links", "self"): Meta.SELF_URL,
                ("meta", "current_page"): Meta.PAGE,
                ("meta", "to"): Meta.TO,
                ("meta", "from"): Meta.FROM,
            },
        ),
    ],
)
def test_the_list_and_what_stands_beside_it(derive: Derive, answer: Any, data: Any, meta: Any) -> None:
    bound = listing(derive, answer)
    assert bound.reason == ""
    assert bound.envelope.data == data
    assert bound.envelope.meta == meta


def test_what_can_only_be_one_value_is_that_value(derive: Derive) -> None:
    answer = record(object={"enum": ["list"]}, final={"const": True}, data=rows(BOOK))
    assert listing(derive, answer).envelope.fixed == {("object",): "list", ("final",): True}


def test_an_address_that_may_be_missing_but_not_null_is_left_out(derive: Derive) -> None:
    answer = {**record(data=rows(BOOK)), "properties": {"data": rows(BOOK), "next": ADDRESS}}
    assert listing(derive, answer).envelope.omitted == {("next",)}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (record(data=rows(BOOK), mood=TEXT), "answer property `mood` beside the list is neither total nor page"),
        (record(data=rows(BOOK), links=record(next=ADDRESS)), "answer property `next` beside the list is neither"),
        (record(red=rows(BOOK), blue=rows(BOOK)), "the answer carries several lists"),
        (rows(TEXT), "the answer is no object with named properties"),
        (rows(record("mood")), "answer property `mood` has no column in `books`"),
    ],
)
def test_an_answer_that_is_no_clear_list_is_a_hole(derive: Derive, answer: Any, reason: str) -> None:
    assert reason in listing(derive, answer).reason


def test_the_total_may_stand_in_a_header(derive: Derive) -> None:
    responses = {
        "200": {
            "description": "books",
            "headers": {"X-Total-Count": {"schema": WHOLE}},
            "content": {"application/json": {"schema": rows(BOOK)}},
        }
    }
    bound = derive(LIBRARY, f"/books: {{get: {operation(responses=responses)}}}").operations[0]
    assert bound.envelope.total_header == "X-Total-Count"


def test_two_successes_are_a_hole(derive: Derive) -> None:
    answer = {"description": "books", "content": {"application/json": {"schema": rows(BOOK)}}}
    get = operation(responses={"200": answer, "206": answer})
    reason = derive(LIBRARY, f"/books: {{get: {get}}}").operations[0].reason
    assert reason == "several successes are declared (200, 206), and nothing says when which is meant"


@pytest.mark.parametrize(
    ("name", "schema", "expected"),
    [
        ("title", TEXT, Filter("title", ("title",))),
        ("authorId", UUID, Filter("authorId", ("author_id",))),
        ("author", UUID, Filter("author", ("author_id",))),
        ("lent", {"type": "boolean"}, Filter("lent", ("is_lent",))),
        ("format", {"enum": ["paper"]}, Filter("format", ("format",))),
        ("formats", rows({"enum": ["paper", "audio"]}), Filter("formats", ("format",), "any of")),
        ("isbn", rows(TEXT), Filter("isbn", ("isbn",), "any of")),
        ("minPages", WHOLE, Filter("minPages", ("pages",), "at least")),
        ("pages_max", WHOLE, Filter("pages_max", ("pages",), "at most")),
        ("pages[gte]", WHOLE, Filter("pages[gte]", ("pages",), "at least")),
        ("pages_lt", WHOLE, Filter("pages_lt", ("pages",), "below")),
        ("publishedAfter", DAY, Filter("publishedAfter", ("published_on",), "above")),
        ("publishedBefore", DAY, Filter("publishedBefore", ("published_on",), "below")),
        ("createdFrom", TIME, Filter("createdFrom", ("created_at",), "at least")),
        ("created_to", DAY, Filter("created_to", ("created_at",), "at most", "date")),
        ("maxPrice", {"type": "number"}, Filter("maxPrice", ("price",), "at most", "number")),
        ("minPages", {"type": "number"}, Filter("minPages", ("pages",), "at least", "number")),
        ("publishedOn", TEXT, Filter("publishedOn", ("published_on",), "equal", "text")),
        ("q", TEXT, Filter("q", ("title", "isbn"), "contains")),
        ("search", TEXT, Filter("search", ("title", "isbn"), "contains")),
    ],
)
def test_filters(derive: Derive, name: str, schema: Any, expected: Filter) -> None:
    assert filter_of(derive, name, schema) == expected


def test_a_description_can_say_what_is_searched_and_how(derive: Derive) -> None:
    assert filter_of(derive, "q", TEXT, "Part of the title").columns == ("title",)
    assert filter_of(derive, "title", TEXT, "Contained in the title").comparison == "contains"


@pytest.mark.parametrize(
    ("name", "schema", "reason"),
    [
        ("mood", TEXT, "query parameter `mood` has no column in `books`"),
        ("minMood", WHOLE, "query parameter `minMood` has no column in `books`"),
        ("token", TEXT, "query parameter `token` has no column in `books`"),
        ("since", TIME, "the columns `created_at` and `updated_at` of `books` can both be meant"),
        ("pages", TEXT, ""),
        ("isLent", WHOLE, "`isLent` is integer, column `is_lent` is boolean"),
        ("format", {"enum": ["stone"]}, "`format` allows `stone`, which the enum format lacks"),
        ("title", record(a=record(b=TEXT)), "query parameter `title` is an object"),
    ],
)
def test_a_filter_that_means_nothing_is_a_hole(derive: Derive, name: str, schema: Any, reason: str) -> None:
    bound = listing(derive, **{name: schema})
    assert bound.reason == reason


@pytest.mark.parametrize(("name", "comparison"), [("since", "at least"), ("until", "at most"), ("before", "below")])
def test_a_bare_bound_means_the_only_moment_that_there_is(derive: Derive, name: str, comparison: str) -> None:
    get = operation(answer=rows(record("kind")), query={name: TIME})
    sql = "CREATE TABLE events (id serial PRIMARY KEY, kind text NOT NULL, day date, at timestamptz NOT NULL);"
    bound = derive(sql, f"/events: {{get: {get}}}").operations[0]
    assert [(one.columns, one.comparison) for one in bound.filters] == [(("at",), comparison)]


WORDS = "Sorting criteria in the format: property,(asc|desc). Default sort order is ascending."


@pytest.mark.parametrize(
    ("schema", "description", "separator", "default", "asked"),
    [
        (rows(TEXT), WORDS, ",", (), "title,desc"),
        (TEXT, "Sorting criteria: property(,asc|desc)", ",", (), "title,desc"),
        ({**TEXT, "default": "title,desc"}, "", ",", ("-title",), "title,desc"),
        ({**TEXT, "example": "title,asc"}, "", ",", (), "title,desc"),
        ({**rows(TEXT), "default": ["title,asc", "pages,desc"]}, "", ",", ("title", "-pages"), "title,desc"),
        ({**TEXT, "default": "title:asc,pages:desc"}, "", ":", ("title", "-pages"), "title:desc"),
        ({**TEXT, "enum": ["title:asc", "title:desc"]}, "", ":", (), "title:desc"),
        ({**TEXT, "default": "-title"}, "Sort by, asc or desc", "", ("-title",), "-title"),
    ],
)
def test_a_direction_may_stand_behind_the_name(
    derive: Derive, schema: Any, description: str, separator: str, default: tuple[str, ...], asked: str
) -> None:
    asked_for = {"name": "sort", "in": "query", "schema": schema, "description": description}
    get = operation(answer=rows(BOOK), parameters=[asked_for])
    sorting = derive(LIBRARY, f"/books: {{get: {get}}}").operations[0].sorting
    assert sorting is not None
    assert (sorting.directed, sorting.default, sorting.columns["title"]) == (separator, default, "title")
    assert sorting.spelt("title", descending=True) == asked


def test_a_search_needs_text_to_search_in(derive: Derive) -> None:
    assert "searches text" in listing(derive, rows(record(id=UUID)), q=TEXT).reason


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, Paging("none", default=100, maximum=100)),
        (
            {"page": {**WHOLE, "minimum": 1}, "limit": {**WHOLE, "default": 10, "maximum": 50}},
            Paging("page", "page", "limit", 10, 50),
        ),
        ({"page": {**WHOLE, "minimum": 0}, "size": WHOLE}, Paging("page", "page", "size", first=0)),
        ({"page": WHOLE, "per_page": {**WHOLE, "exclusiveMaximum": 31}}, Paging("page", "page", "per_page", 20, 30)),
        ({"pageNumber": WHOLE, "pageSize": WHOLE}, Paging("page", "pageNumber", "pageSize")),
        ({"offset": WHOLE, "limit": WHOLE}, Paging("offset", "offset", "limit")),
        ({"skip": WHOLE, "take": {**WHOLE, "default": 500}}, Paging("offset", "skip", "take", 500, 500)),
        ({"limit": {**WHOLE, "maximum": 5}}, Paging("none", "", "limit", 5, 5)),
    ],
)
def test_pages(derive: Derive, query: dict[str, Any], expected: Paging) -> None:
    assert listing(derive, **query).paging == expected


def test_two_ways_to_say_where_a_page_begins_are_a_hole(derive: Derive) -> None:
    assert listing(derive, page=WHOLE, offset=WHOLE).reason == "both `page` and `offset` say where a page begins"
    assert listing(derive, limit=WHOLE, size=WHOLE).reason == "query parameters `limit` and `size` say the same"


def test_sorting_by_listed_values(derive: Derive) -> None:
    said = {"enum": ["title", "-title", "createdAt", "-createdAt"], "default": "-createdAt"}
    expected = Sorting("sort", {"title": "title", "createdAt": "created_at"}, ("-createdAt",))
    assert listing(derive, sort=said).sorting == expected
    several = listing(derive, sort={**rows({"enum": said["enum"]}), "default": ["-createdAt"]})
    assert several.sorting == expected


def test_sorting_by_free_text_knows_the_columns_of_the_answer(derive: Derive) -> None:
    sorting = listing(derive, rows(record("title", tags=maybe(rows(TEXT)))), orderBy=TEXT).sorting
    assert sorting == Sorting("orderBy", {"title": "title"})


def test_sorting_with_a_direction_of_its_own(derive: Derive) -> None:
    bound = listing(derive, sortBy={"enum": ["title"]}, order={"enum": ["asc", "desc"], "default": "desc"})
    assert bound.sorting == Sorting("sortBy", {"title": "title"}, direction_parameter="order", descending=True)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"sort": {"enum": ["mood"]}}, "query parameter `sort` allows `mood`, which has no column in `books`"),
        ({"sort": {"enum": ["title_desc"]}}, "query parameter `sort` allows `title_desc`"),
        ({"sort": {**TEXT, "default": "mood"}}, "query parameter `sort` is `mood` by default"),
        ({"order": {"enum": ["asc", "desc"]}}, "query parameter `order` says a direction, and nothing says of what"),
    ],
)
def test_an_order_that_means_nothing_is_a_hole(derive: Derive, query: dict[str, Any], reason: str) -> None:
    assert reason in listing(derive, **query).reason


def test_order_alone_names_the_columns(derive: Derive) -> None:
    assert listing(derive, order={"enum": ["title", "-title"]}).sorting == Sorting("order", {"title": "title"})
