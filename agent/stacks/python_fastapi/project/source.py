"""Values as Python source text."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_LONG = 60
"""A string longer than this is written in several pieces."""


@dataclass(frozen=True, slots=True)
class Code:
    """An expression that stands in generated source as it is."""

    text: str

    def __str__(self) -> str:
        return self.text


def literal(value: Any) -> str:
    """The value as a Python expression; `Code` inside stays as it is. JSON values and `Code` only."""
    match value:
        case Code(text):
            return text
        case str():
            return _string(value)
        case Mapping():
            return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
        case Sequence():
            return "[" + ", ".join(literal(item) for item in value) + "]"
        case _:
            return repr(value)


def identifier(name: str) -> str:
    """The name as a snake_case Python identifier: `AlbumId` → `album_id`, `class` → `class_`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    plain = re.sub(r"\W+", "_", spaced, flags=re.ASCII).strip("_").lower() or "value"
    if plain[0].isdigit():
        plain = f"n{plain}"
    return f"{plain}_" if keyword.iskeyword(plain) or plain in ("self", "database") else plain


def _string(text: str) -> str:
    if len(text) <= _LONG:
        return _quoted(text)
    head = text.rstrip(text[-1])
    if len(text) - len(head) > _LONG // 2:
        start = f"{_string(head)} + " if head else ""
        return f"{start}{_quoted(text[-1])} * {len(text) - len(head)}"
    return "(" + " ".join(_quoted(piece) for piece in _pieces(text)) + ")"


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces that end after a space, where there is one."""
    while text:
        end = text.rfind(" ", 1, _LONG) + 1 if len(text) > _LONG else len(text)
        yield text[: end or _LONG]
        text = text[end or _LONG :]


def _quoted(text: str) -> str:
    if not text.isprintable() or "\\" in text:
        return json.dumps(text) if all(ord(sign) < 0x10000 for sign in text) else repr(text)
    return json.dumps(text, ensure_ascii=False)
