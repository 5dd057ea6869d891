"""Marks what comes from outside as data, so that it cannot be taken for what the runtime says.

A block begins and ends with the same mark, which is computed from its content: nobody can write a text that ends its
own block, and the same text is always marked in the same way, so that a provider's cache stays of use.
"""

from __future__ import annotations

import hashlib
import re

_LENGTH = 8
_INVISIBLE = re.compile(
    "\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
"""Control characters but tab and line end, marks of direction and width, and the tags that no font shows."""


def marked(text: str, kind: str = "text") -> str:
    """A block of data; `kind` says what it is: a language, or the tool that gave it."""
    shown = visible(text.rstrip())
    mark = _mark(shown)
    return f"<data {mark} {kind}>\n{shown}\n</data {mark}>"


def visible(text: str) -> str:
    """The text with every character that a reader would not see written as its escape: `\\x1b`."""
    return _INVISIBLE.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def _mark(text: str) -> str:
    number = 0
    while (mark := hashlib.sha256(f"{number}\n{text}".encode(errors="surrogatepass")).hexdigest()[:_LENGTH]) in text:
        number += 1
    return mark
