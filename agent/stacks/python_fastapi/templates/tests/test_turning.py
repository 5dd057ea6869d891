"""Addresses of other pages of a list."""

import pytest

from src.services.turning import page_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://host/books", "http://host/books?page=2"),
        ("http://host/books?page=1", "http://host/books?page=2"),
        ("http://host/books?name=&page=1&tag=a&tag=b", "http://host/books?name=&tag=a&tag=b&page=2"),
    ],
)
def test_only_the_page_changes(url: str, expected: str) -> None:
    assert page_url(url, {"page": 2}) == expected
