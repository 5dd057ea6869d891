"""A script of another dialect, cut into its statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.catalog.dialects.detecting import Dialect

_COMMENT = r"--[^\n]*|/\*.*?(?:\*/|\Z)"
_TOKEN: dict[Dialect, re.Pattern[str]] = {
    "mysql": re.compile(
        rf"(?P<comment>{_COMMENT}|\#[^\n]*)"
        r"|(?P<quoted>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`(?:[^`]|``)*`)"
        r"|(?P<delimiter>^[ \t]*delimiter[ \t]+(?P<mark>\S+)[^\n]*)|(?P<word>\w+)|(?P<other>\S)",
        re.DOTALL | re.IGNORECASE | re.MULTILINE,
    ),
    "sqlite": re.compile(
        rf"(?P<comment>{_COMMENT})"
        r"|(?P<quoted>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\[[^\]]*\])"
        r"|(?P<delimiter>(?!))(?P<mark>)|(?P<word>\w+)|(?P<other>\S)",
        re.DOTALL,
    ),
}
_TRIGGER = re.compile(r"create\s+(?:temp\w*\s+)?trigger\b", re.IGNORECASE)
_ENDS = re.compile(r"\bend\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cut:
    """One statement, without comments before it and without what closes it."""

    sql: str
    line: int
    """1-based line of its first word."""


def cut(text: str, dialect: Dialect) -> Iterator[Cut]:
    """The statements in order. MySQL's DELIMITER is obeyed; a trigger of SQLite ends with its END."""
    start, mark = -1, ";"
    for token in _TOKEN[dialect].finditer(text):
        if token["delimiter"]:
            mark = token["mark"]
        elif start < 0 and (token["comment"] or token[0] in {";", *mark}):
            continue
        elif start < 0:
            start = token.start()
        elif token["other"] and text.startswith(mark, token.start()) and not _within(text[start : token.start()]):
            yield _cut(text, start, token.start())
            start = -1
    if start >= 0:
        yield _cut(text, start, len(text))


def _within(begun: str) -> bool:
    """Of a trigger, before its END."""
    return bool(_TRIGGER.match(begun)) and not _ENDS.search(begun)


def _cut(text: str, start: int, end: int) -> Cut:
    return Cut(text[start:end].rstrip(), text.count("\n", 0, start) + 1)
