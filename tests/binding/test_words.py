"""Names as words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.binding.words import mentions, plural, singular, snake, without_prefix, words


@pytest.mark.parametrize(
    "name", ["orderItems", "OrderItems", "order-items", "order_items", "ORDER_ITEMS", "order items"]
)
def test_every_spelling_of_a_name_is_the_same_in_snake_case(name: str) -> None:
    assert snake(name) == "order_items"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("authorID", ("author", "id")),
        ("HTTPStatus", ("http", "status")),
        ("addressLine2", ("address", "line", "2")),
        ("x-total-count", ("x", "total", "count")),
        ("--", ()),
    ],
)
def test_words_of_a_name(name: str, expected: tuple[str, ...]) -> None:
    assert words(name) == expected


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("books", "book"),
        ("order-items", "order_item"),
        ("categories", "category"),
        ("people", "person"),
        ("children", "child"),
        ("statuses", "status"),
        ("addresses", "address"),
        ("series", "series"),
    ],
)
def test_a_name_in_plural_and_singular(many: str, one: str) -> None:
    assert singular(many) == one
    assert singular(one) == one
    assert plural(one) == snake(many)


def test_a_prefix_is_taken_off_by_words_and_not_by_letters() -> None:
    assert without_prefix("book_title", "book") == "title"
    assert without_prefix("bookTitle", "book") == "title"
    assert without_prefix("bookish", "book") is None
    assert without_prefix("book", "book") is None


def test_a_text_mentions_a_column_when_its_words_stand_together() -> None:
    assert mentions("Part of the full name or the e-mail address", "full_name")
    assert mentions("Part of the full name or the e-mail address", "email")
    assert not mentions("The name in full", "full_name")


@given(st.text())
def test_any_text_has_words_of_lower_case(name: str) -> None:
    assert all(word and word == word.lower() for word in words(name))
    assert snake(snake(name)) == snake(name)
    assert singular(name) is not None
    assert plural(name) is not None
