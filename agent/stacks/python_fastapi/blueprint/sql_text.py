"""SQL as Python source."""

from __future__ import annotations

import re

_PIECE = 70
"""Longer text is written in several pieces."""


def sql(text: str) -> str:
    """SQL as a string literal, in several pieces when it is long."""
    pieces = _pieces(text)
    return " ".join(_double(piece) for piece in pieces) if len(pieces) == 1 else f"({' '.join(map(_double, pieces))})"


def statement(text: str) -> str:
    """SQL as an f-string: `<_COLUMNS>` stands for a name of the module."""
    made = []
    for piece in _pieces(text):
        names = re.findall(r"<([A-Za-z_]+)>", piece)
        plain = _double(piece.replace("{", "{{").replace("}", "}}") if names else piece)
        made.append("f" + re.sub(r"<([A-Za-z_]+)>", r"{\1}", plain) if names else plain)
    return "\n".join(made)


def _pieces(text: str) -> list[str]:
    found, rest = [], text
    while len(rest) > _PIECE:
        cut = rest.rfind(" ", 1, _PIECE)
        if cut <= 0:
            break
        found.append(rest[:cut])
        rest = rest[cut:]
    return [*found, rest]


def _double(text: str) -> str:
    """A literal in double quotes, as the formatter would spell it."""
    made = repr(text)
    return made if made[0] == '"' else '"' + made[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'


def block_text(text: str) -> str:
    """The text as it stands inside a string in triple quotes."""
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
