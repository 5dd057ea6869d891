"""Small changes of SQL that stands in strings: conditions that no longer narrow, moved boundaries, turned orders."""

from __future__ import annotations

import re
from collections.abc import Iterator

_STATEMENT = re.compile(
    r"\b(?:select\b.*\bfrom\b|insert\s+into\b|update\b.*\bset\b|delete\s+from\b|where\b|order\s+by\b)|"
    r"^\s*\(?\w+\.\w+\s*(?:[<>=]|i?like\b|in\b)",
    re.IGNORECASE | re.DOTALL,
)
_PARAMETER = r"(?:\$\d+|\{\}|%s|:\w+|\?)"
_CONDITION = re.compile(rf"\b(?P<lead>WHERE|AND)\s+(?P<term>[\w.\"]+\s*(?:=|<=|>=|<|>)\s*{_PARAMETER})", re.IGNORECASE)
_BOUNDARY = re.compile(rf"(?<![<>=!])(?P<sign><=|>=|<|>)(?=\s*{_PARAMETER})")
_OTHER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_WORDS = ((re.compile(r"\bDESC\b"), "ASC"), (re.compile(r"\bILIKE\b"), "LIKE"), (re.compile(r"\bOR\b"), "AND"))


def is_sql(text: str) -> bool:
    """True for a statement, a clause, or a condition that begins with a qualified column."""
    return bool(_STATEMENT.search(text))


def changed(text: str) -> Iterator[tuple[str, bool]]:
    """Each changed text, and whether a boundary was moved.

    A condition stays beside `OR TRUE`, so that the statement's parameters keep their number and types.
    """
    for found in _CONDITION.finditer(text):
        always = f"{found['lead']} ({found['term']} OR TRUE)"
        yield text[: found.start()] + always + text[found.end() :], False
    for found in _BOUNDARY.finditer(text):
        yield text[: found.start()] + _OTHER[found["sign"]] + text[found.end() :], True
    for word, other in _WORDS:
        for found in word.finditer(text):
            yield text[: found.start()] + other + text[found.end() :], False
