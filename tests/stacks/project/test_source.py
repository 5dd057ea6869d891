from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.stacks.python_fastapi.project.source import Code, identifier, literal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(JSON)
def test_a_value_as_source_is_the_value(value: Any) -> None:
    assert eval(literal(value)) == value


@given(st.text(min_size=1), st.integers(60, 300))
def test_long_texts_are_written_in_pieces(text: str, times: int) -> None:
    assert eval(literal(text * times)) == text * times


def test_a_row_of_one_letter_is_counted() -> None:
    assert literal("Title" + "x" * 300) == '"Title" + "x" * 300'


def test_code_stands_as_it_is() -> None:
    assert literal({"id": Code('book["id"]')}) == '{"id": book["id"]}'


@given(st.text())
def test_every_name_becomes_an_identifier(name: str) -> None:
    assert identifier(name).isidentifier()


def test_names_keep_their_words() -> None:
    assert identifier("AlbumId") == "album_id"
    assert identifier("class") == "class_"
    assert identifier("2nd line") == "n2nd_line"
