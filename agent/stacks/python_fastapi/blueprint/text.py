"""Foreign text as Python source: always data, never code."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

WIDTH = 96
"""Docstrings are wrapped here, indentation included."""
_INVISIBLE = re.compile(
    r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


_OWN_LINE = re.compile(r"\s*([-*+#|>]|\d+[.)])|    ")


def clean(text: str) -> str:
    """The text without control characters, lone surrogates and marks that turn the direction of writing."""
    return _INVISIBLE.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """The text as one line."""
    return " ".join(clean(text).split())


def literal(text: str) -> str:
    """The text as a Python string literal, exactly."""
    return repr(text)


def constant(value: str | float | bool) -> str:
    """A JSON value that is no list and no object, as source."""
    return literal(value) if isinstance(value, str) else repr(value)


def docstring(*paragraphs: str, indent: int = 4) -> str:
    """A docstring literal of the paragraphs that are not empty, wrapped and escaped, ready to stand at `indent`."""
    margin = " " * indent
    lines: list[str] = []
    for paragraph in (clean(one) for one in paragraphs):
        if paragraph.strip():
            lines += [""] if lines else []
            for line in _flowing(paragraph.strip()):
                lines += _wrapped(_escaped(" ".join(line.split())), WIDTH - indent - 3 * (not lines))
    lines = lines or ["To be described."]
    if len(lines) == 1 and len(lines[0]) + indent + 6 <= WIDTH + 4:
        return f'"""{_closed(lines[0])}"""'
    body = "\n".join(f"{margin}{line}" if line else "" for line in lines[1:])
    return f'"""{lines[0]}\n{body}\n{margin}"""' if body else f'"""{lines[0]}\n{margin}"""'


def _flowing(text: str) -> Iterator[str]:
    """The text's lines, with hard-wrapped ones put together again; list items and indented lines stay lines."""
    gathered: list[str] = []
    for line in text.split("\n"):
        if gathered and (not line.strip() or _OWN_LINE.match(line)):
            yield " ".join(gathered)
            gathered = []
        if line.strip():
            gathered.append(line.strip())
        else:
            yield ""
    yield " ".join(gathered)


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _closed(line: str) -> str:
    return f'{line[:-1]}\\"' if line.endswith('"') and not line.endswith('\\"') else line


def _wrapped(line: str, width: int) -> list[str]:
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
