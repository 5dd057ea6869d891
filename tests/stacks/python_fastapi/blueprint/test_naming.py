"""Names of foreign documents become valid, unique Python names."""

from __future__ import annotations

import builtins
import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stacks.python_fastapi.blueprint.naming import Names, class_stem, function_name, pascal, snake
from tests.stacks.python_fastapi.blueprint.documents import NASTY

anything = st.one_of(st.text(), st.sampled_from(NASTY))


@given(anything)
def test_every_name_is_an_identifier_and_no_keyword(text: str) -> None:
    for name in (snake(text), pascal(text), function_name(text), class_stem(text)):
        assert name.isidentifier()
        assert name.isascii()
        assert not keyword.iskeyword(name)


@given(anything)
def test_functions_hide_no_builtin(text: str) -> None:
    assert not hasattr(builtins, function_name(text))


@given(st.lists(anything))
def test_names_are_unique_even_without_regard_to_case(texts: list[str]) -> None:
    names = Names("taken")

    given_names = [names.take(snake(text)) for text in ["taken", *texts]]

    assert len({name.lower() for name in ["taken", *given_names]}) == len(given_names) + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("orderItems/{id}", "order_items_id"), ("class", "class_"), ("2fa", "n2fa"), ("HTTPStatus", "http_status")],
)
def test_names_stay_near_to_the_original(text: str, expected: str) -> None:
    assert snake(text) == expected


@pytest.mark.parametrize(
    ("table", "stem"), [("order_items", "OrderItem"), ("user", "User"), ("shop_people", "ShopPerson")]
)
def test_classes_are_named_in_the_singular(table: str, stem: str) -> None:
    assert class_stem(table) == stem
