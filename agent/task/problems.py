"""Says in the words of a task file what validation found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from agent.errors import Problem
from agent.stack_name import StackName
from agent.task.model import (
    PACKAGE_NAME,
    PLAIN_LINE,
    WITHOUT_NUL,
    Budget,
    ExistingRepository,
    NewFolder,
    Task,
)
from agent.task.reading import Where

_EXPECTED = {
    "string_type": "text",
    "path_type": "a path",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "finite_number": "a number",
    "tuple_type": "text or a list of texts",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
}
_PATTERNS = {
    PLAIN_LINE: "a single line without control characters",
    PACKAGE_NAME: "the name of a package, without version or address",
    WITHOUT_NUL: "text without NUL characters",
}


def problems(error: ValidationError, data: Any, place: str, lines: Mapping[Where, int]) -> list[Problem]:
    """Every problem of a validation, in the order of the file's lines."""
    found = [_problem(one, data, place, lines) for one in error.errors(include_url=False) if not _follows(one)]
    return [problem for _, problem in sorted(found, key=lambda pair: pair[0])]


def _follows(error: ErrorDetails) -> bool:
    """A list counts as too short when its items are refused: that is said already."""
    return error["type"] == "too_short" and bool(error["input"])


def _problem(error: ErrorDetails, data: Any, place: str, lines: Mapping[Where, int]) -> tuple[int, Problem]:
    where = tuple(_where(error["loc"], data, missing=error["type"] == "missing"))
    line = next((lines[where[:end]] for end in range(len(where), 0, -1) if where[:end] in lines), 0)
    return line, Problem(f"{place}:{line}" if line else place, f"{_spelled(where)}: {_message(error, where)}")


def _where(location: Sequence[str | int], data: Any, missing: bool) -> Iterator[str | int]:
    """The part of pydantic's location that the file itself has: no union tags, no list that was made from one text."""
    tagged = location[0] in {"api", "schema", "workspace"} and str(location[1:2]).startswith("('<")
    steps = [location[0], *location[2:]] if tagged else location
    for position, step in enumerate(steps):
        listed = isinstance(data, list | tuple) and isinstance(step, int)
        known = listed or (isinstance(data, Mapping) and step in data)
        if not known and not (missing and position == len(steps) - 1):
            return
        data = data[step] if known else None
        yield step


def _spelled(where: Where) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
    return text.removeprefix(".")


def _message(error: ErrorDetails, where: Where) -> str:
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "literal_error":
        stacks = get_args(StackName)
        return f"{given!r} is no stack; expected one of {', '.join(stacks)}{_meant(given, stacks)}"
    if kind == "extra_forbidden":
        known = _keys(error["loc"])
        return f"there is no such key; expected {', '.join(known)}{_meant(where[-1], known)}"
    if kind == "missing":
        return "is missing"
    if kind in {"string_too_short", "too_short"}:
        return "is empty"
    if kind == "string_too_long":
        return f"is longer than {context['max_length']} characters"
    if kind in {"greater_than", "greater_than_equal"}:
        bound = "more than" if kind == "greater_than" else "at least"
        return f"expected {bound} {context.get('gt', context.get('ge')):g}, not {shown(given)}"
    if kind == "kind":
        return f"{error['msg']}, not {shown(given)}"
    if kind == "string_pattern_mismatch":
        return f"expected {_PATTERNS[context['pattern']]}, not {shown(given)}"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, not {shown(given)}"
    return error["msg"].removeprefix("Value error, ")


_MODELS: Mapping[str, type[BaseModel]] = {"budget": Budget, "<folder>": NewFolder, "<repository>": ExistingRepository}


def _keys(location: Sequence[str | int]) -> list[str]:
    model = next((_MODELS[str(step)] for step in location[:-1] if step in _MODELS), Task)
    return [field.alias or name for name, field in model.model_fields.items()]


def _meant(given: Any, known: Sequence[str]) -> str:
    close = get_close_matches(str(given), known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def shown(given: Any) -> str:
    """A value in a message, bounded."""
    match given:
        case None:
            return "nothing"
        case bool():
            return str(given).lower()
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            text = repr(given)
            return text if len(text) <= 60 else f"{text[:57]}..."
