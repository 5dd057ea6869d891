"""Searching the files of a workspace for a text or a regular expression, in bounded time.

A regular expression can take for ever on an innocent text, and Python's cannot be interrupted: so a process of its own
searches, and is ended when its time is up.
"""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools import searching
from tools.errors import Refused
from tools.files import Files

SECONDS = 3.0
MAX_TOTAL_BYTES = 32 << 20
MAX_LINE = 300


@dataclass(frozen=True, slots=True)
class Match:
    """A line that matches."""

    path: str
    line: int
    text: str
    """The line, cut around the match when it is very long."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Matches:
    """What a search found, in order of path and line."""

    found: tuple[Match, ...]
    more: bool = False
    """True when there are more than were asked for."""
    not_searched: int = 0
    """Text files that were left out, because all together are too large to search at once."""


def search(
    files: Files,
    pattern: str,
    *,
    path: str = ".",
    literal: bool = False,
    names: str = "*",
    limit: int = 100,
    seconds: float = SECONDS,
) -> Matches:
    """Lines beneath `path` that match, in files whose path matches the glob `names`.

    Raises Refused when the expression is not valid, or takes longer than `seconds`.
    """
    expression = re.escape(pattern) if literal else pattern
    _valid(expression, pattern)
    texts, left_out = _texts(files, path, names)
    found = _searched(expression, pattern, texts, limit + 1, seconds)
    return Matches(tuple(found[:limit]), len(found) > limit, left_out)


def _valid(expression: str, pattern: str) -> None:
    if not pattern:
        raise Refused("the pattern is empty")
    try:
        re.compile(expression)
    except (re.error, OverflowError, RecursionError) as error:
        raise Refused(
            f"{pattern}: is no regular expression: {error}; to search for it as it is, say `literal`"
        ) from error


def _texts(files: Files, path: str, names: str) -> tuple[list[tuple[str, str]], int]:
    texts: list[tuple[str, str]] = []
    total = left_out = 0
    for entry_path, text in _readable(files, path, names):
        total += len(text)
        if total > MAX_TOTAL_BYTES:
            left_out += 1
        else:
            texts.append((entry_path, text))
    return texts, left_out


def _readable(files: Files, path: str, names: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(files.walk(path), key=lambda one: one.path):
        if not fnmatch.fnmatch(entry.path, names) and not fnmatch.fnmatch(Path(entry.path).name, names):
            continue
        try:
            yield entry.path, files.shown(entry.path)
        except (Refused, FileNotFoundError):
            continue  # no text, or gone meanwhile


def _searched(expression: str, pattern: str, texts: list[tuple[str, str]], limit: int, seconds: float) -> list[Match]:
    request = {"expression": expression, "texts": texts, "limit": limit, "longest": MAX_LINE}
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(Path(searching.__file__))],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(
            f"{pattern}: took longer than {seconds:g} s; make it simpler, or search for a literal text"
        ) from error
    return [Match(*found) for found in json.loads(done.stdout)]
