"""Exact replacement in a text, with a failure that shows what is there instead."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence

from tools.errors import EditFailed

_SHOWN = 2
"""Nearest passages in a failure message."""
_COMPARED = 8
"""Passages that are compared in full."""
_WORTH_SHOWING = 0.4
_LONGEST_LINE = 300


def replace_once(text: str, old: str, new: str, *, place: str = "") -> str:
    """The text with its only occurrence of `old` replaced. Raises EditFailed that shows the nearest passages."""
    if not old:
        raise EditFailed(f"{place}: the text to replace is empty; write the whole file instead")
    if old == new:
        raise EditFailed(f"{place}: the new text is the same as the old one")
    found = text.count(old)
    if found == 0:
        raise EditFailed(_not_found(text, old, place))
    if found > 1:
        raise EditFailed(_ambiguous(text, old, place))
    return text.replace(old, new)


def _ambiguous(text: str, old: str, place: str) -> str:
    lines: list[int] = []
    position = text.find(old)
    while position >= 0:
        lines.append(text.count("\n", 0, position) + 1)
        position = text.find(old, position + len(old))
    shown = ", ".join(str(line) for line in lines[:20])
    return f"{place}: the text occurs {len(lines)} times, at lines {shown}; add lines around it until it is unique"


def _not_found(text: str, old: str, place: str) -> str:
    have, want = text.splitlines(), old.splitlines()
    nearest = [start for start, likeness in _nearest(have, want) if likeness >= _WORTH_SHOWING][:_SHOWN]
    if not nearest:
        return f"{place}: the text to replace is not in the file, and nothing like it; read the file first"
    passages = "\n\n".join(_passage(have, want, start) for start in nearest)
    return f"{place}: the text to replace is not in the file. Nearest (- asked for, + in the file):\n{passages}"


def _nearest(have: Sequence[str], want: Sequence[str]) -> list[tuple[int, float]]:
    """Start line (from 0) and likeness of the passages most like the wanted one, best first."""
    height = len(want)
    starts = sorted(range(max(1, len(have) - height + 1)), key=_shared_words(have, want), reverse=True)[:_COMPARED]
    wanted = "\n".join(_short(want))
    compared = (
        (start, difflib.SequenceMatcher(None, wanted, "\n".join(_short(have[start : start + height]))).ratio())
        for start in starts
    )
    return sorted(compared, key=lambda one: one[1], reverse=True)


class _shared_words:  # noqa: N801 - used as a function
    """Key function: how many words a passage shares with the wanted text; counted line by line, once."""

    def __init__(self, have: Sequence[str], want: Sequence[str]) -> None:
        self._wanted = Counter(word for line in want for word in line.split())
        self._first = Counter(want[0].split() if want else ())
        self._have = [Counter(line.split()) for line in have]
        self._height = len(want)

    def __call__(self, start: int) -> tuple[int, int]:
        window = self._have[start : start + self._height]
        shared = sum((self._wanted & Counter(word for line in window for word in line)).values())
        return shared, sum((self._first & window[0]).values()) if window else 0


def _passage(have: Sequence[str], want: Sequence[str], start: int) -> str:
    there = have[start : start + len(want)]
    note = " (only white space differs)" if _stripped(there) == _stripped(want) else ""
    changes = [line for line in difflib.ndiff(_short(want), _short(there)) if not line.startswith("?")]
    return "\n".join([f"line {start + 1}{note}:", *changes])


def _stripped(lines: Sequence[str]) -> list[str]:
    return [" ".join(line.split()) for line in lines]


def _short(lines: Sequence[str]) -> list[str]:
    return [line[:_LONGEST_LINE] for line in lines]
