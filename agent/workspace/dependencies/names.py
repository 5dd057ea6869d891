"""Whether the name of a package is one that somebody could have meant to be read as another. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

from packaging.utils import canonicalize_name

_SHORT = 4
"""Names up to this length differ from others by one letter too easily for that to mean anything."""
_LOOKALIKES = str.maketrans("013457", "oleast")
_FILLERS = frozenset({"py", "python", "lib", "pkg", "python3", "py3", "dev", "official", "api", "client", "sdk"})
_FILE = Path(__file__).with_name("well_known.txt")


@cache
def well_known() -> frozenset[str]:
    """Names of packages that very many people use, normalised; `well_known.py` says where they come from."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def near_miss(name: str, known: Collection[str]) -> str | None:
    """The well-known name that this one could be mistaken for; None when it is well known itself, or like none.

    Like another: one letter added, missing, changed or two neighbours swapped; the same but for hyphens, digits that
    look like letters, the order of its words, a plural, or a `py` or `python` before or behind it.
    """
    asked = canonicalize_name(name)
    if asked in known:
        return None
    same = _reduced(asked)
    for other in sorted(known):
        if _reduced(other) == same or (min(len(asked), len(other)) > _SHORT and _one_edit(asked, other)):
            return other
    return None


@cache
def _reduced(name: str) -> str:
    """What is left of a name without what typing and guessing get wrong."""
    words = [word for word in re.split(r"-", name) if word not in _FILLERS] or [name]
    return "".join(sorted(words)).translate(_LOOKALIKES).removesuffix("s")


def _one_edit(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    if len(one) > len(other):
        one, other = other, one
    at = next((index for index, letter in enumerate(one) if letter != other[index]), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    swapped = one[at : at + 2][::-1] == other[at : at + 2] and one[at + 2 :] == other[at + 2 :]
    return swapped or one[at + 1 :] == other[at + 1 :]
