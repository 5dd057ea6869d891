"""Orders that are asked for with a word for each direction."""

import pytest

from src.services.sorting import signed


@pytest.mark.parametrize(
    ("terms", "separator", "expected"),
    [
        (["price,desc"], ",", "-price"),
        (["price,ASC", "name, DESC "], ",", "price,-name"),
        (["price:desc"], ":", "-price"),
        (["price"], ",", "price"),
        (["price,up"], ",", "price,up"),
        ([",desc"], ",", ",desc"),
        ([], ",", ""),
    ],
)
def test_the_word_becomes_a_sign(terms: list[str], separator: str, expected: str) -> None:
    assert signed(terms, separator) == expected
