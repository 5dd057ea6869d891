"""JSON as data, strictly: no duplicate keys, no NaN, bounded depth; and the line of every value on request."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from math import isinf
from typing import Any, NoReturn

from agent.contract.yaml_source import MAX_DEPTH, Path

_SPACE = re.compile(r"[ \t\n\r]*")
_ATOM = re.compile(r"[^,\]}\s]+")


class JsonProblem(Exception):
    """The text is not usable JSON. `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def parse_json(text: str) -> Any:
    """The value that the text holds. Raises JsonProblem for what is not strict JSON or is nested too deep."""
    duplicates: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) < len(items):
            duplicates.append(items[-1][0])
        return made

    if _too_deep(text):
        raise JsonProblem(1, f"nested deeper than {MAX_DEPTH} levels")
    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise JsonProblem(error.lineno, f"not valid JSON: {error.msg} (column {error.colno})") from None
    except ValueError as error:
        raise JsonProblem(1, f"not valid JSON: {error}") from None
    if duplicates:
        _report_duplicate(text)
    return value


def json_positions(text: str) -> dict[Path, int]:
    """The line of every value, by path; the text must be valid JSON."""
    return {path: line for path, line, again in reversed(list(_walk(text))) if not again}


def _report_duplicate(text: str) -> NoReturn:
    path, line = next((path, line) for path, line, again in _walk(text) if again)
    raise JsonProblem(line, f"the key `{path[-1]}` stands twice in one object; remove one of them")


def _walk(text: str) -> Iterator[tuple[Path, int, bool]]:
    """Path and line of each value in the order of the text, and whether its key stood in that object before."""
    breaks = [match.start() for match in re.finditer("\n", text)]
    yield (), 1, False
    yield from _Scanner(text, breaks).value(0, ())


class _Scanner:
    def __init__(self, text: str, breaks: list[int]) -> None:
        self._text = text
        self._breaks = breaks
        self._end = 0

    def value(self, index: int, path: Path) -> Iterator[tuple[Path, int, bool]]:
        index = self._skip(index)
        match self._text[index]:
            case "{":
                yield from self._object(index + 1, path)
            case "[":
                yield from self._array(index + 1, path)
            case '"':
                self._end = scanstring(self._text, index + 1, True)[1]
            case _:
                found = _ATOM.match(self._text, index)
                self._end = found.end() if found else index + 1

    def _object(self, index: int, path: Path) -> Iterator[tuple[Path, int, bool]]:
        seen: set[str] = set()
        index = self._skip(index)
        while self._text[index] != "}":
            key, after = scanstring(self._text, index + 1, True)
            yield (*path, key), self._line(index), key in seen
            seen.add(key)
            yield from self.value(self._skip(after) + 1, (*path, key))
            index = self._next(self._end)
        self._end = index + 1

    def _array(self, index: int, path: Path) -> Iterator[tuple[Path, int, bool]]:
        number = 0
        index = self._skip(index)
        while self._text[index] != "]":
            yield (*path, str(number)), self._line(index), False
            yield from self.value(index, (*path, str(number)))
            index = self._next(self._end)
            number += 1
        self._end = index + 1

    def _next(self, index: int) -> int:
        index = self._skip(index)
        return self._skip(index + 1) if self._text[index] == "," else index

    def _skip(self, index: int) -> int:
        found = _SPACE.match(self._text, index)
        return found.end() if found else index

    def _line(self, index: int) -> int:
        return bisect_left(self._breaks, index) + 1


def _too_deep(text: str) -> bool:
    depth = 0
    for token in re.finditer(r'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]', text):
        first = token.group()[0]
        depth += (first in "[{") - (first in "]}")
        if depth > MAX_DEPTH:
            return True
    return False


def _finite(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
