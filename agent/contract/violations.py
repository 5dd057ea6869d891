"""Instances that break a schema at exactly one place, each of one constraint, each really refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.contract.flattening import Flat, flat
from agent.contract.model import Contract, Schema
from agent.contract.needs import needs_of
from agent.contract.source import escape
from agent.contract.validating import INTEGER_BOUNDS, checker

_ABSENT = object()
_MAX_DEPTH = 6
_NO_MEMBERS: tuple[Any, ...] = ("not-a-member", -987654321)
_NO_FORMAT = "not of that format"
_WRONG: Mapping[str, tuple[Any, ...]] = {
    "string": ({"unexpected": "object"}, 12345),
    "integer": ("text", {"unexpected": "object"}),
    "number": ("text", {"unexpected": "object"}),
    "boolean": ("text", {"unexpected": "object"}),
    "array": ("text", {"unexpected": "object"}),
    "object": ("text", ["unexpected"]),
    "null": ("text", {"unexpected": "object"}),
}
"""Type → values of another one."""
_ODD: tuple[Any, ...] = ("text", {"unexpected": 1}, [[]], -1.5)
_FORMATS = frozenset(
    {"uuid", "email", "date", "date-time", "time", "uri", "ipv4", "ipv6", "hostname", "byte", "duration", "idn-email"}
)
_BAD_BASE64 = "***"

Step = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """One instance that the schema refuses."""

    pointer: str
    """Where the broken value stands, or would stand: `#/author/name`."""
    value: Any
    """The whole instance."""
    why: str
    """Which constraint: `missing required`, `wrong type`, `too long`..."""


def violations(contract: Contract, schema: Schema) -> tuple[Violation, ...]:
    """For each constraint that a request can break, an instance that breaks it and nothing else.

    Built on `sample(..., direction="request")`. What cannot be broken alone is left out; the result is empty for a
    schema that allows everything or that no sample was found for. Deterministic.
    """
    from agent.contract.sample import Unsatisfiable, sample

    try:
        base = sample(contract, schema, direction="request")
    except Unsatisfiable:
        return ()
    check = checker(contract, schema, "request")
    found: dict[tuple[str, ...], Violation] = {}
    for path, value, why in _broken(contract, schema, base, (), 0):
        key = (_pointer(path), why, repr(value) if why == "out of range" else "")
        instance = _with(base, path, value)
        if key not in found and _breaks_only(check, instance, path):
            found[key] = Violation(key[0], instance, why)
    return tuple(found.values())


def _broken(contract: Contract, schema: Any, value: Any, path: Step, depth: int) -> Iterator[tuple[Step, Any, str]]:
    """Candidates: path, value to put there (or _ABSENT), and why it is wrong."""
    if depth > _MAX_DEPTH:
        return
    piece = flat(contract, schema)
    for one in piece.types:
        yield from ((path, wrong, "wrong type") for wrong in _WRONG.get(one, ()))
    if piece.types:
        yield path, None, "null not allowed"
    if piece.alternatives and not piece.types:
        yield from ((path, other, "none of the alternatives") for other in _ODD)
    enumerated = piece.schema.get("enum") or ([piece.schema["const"]] if "const" in piece.schema else [])
    if enumerated:
        yield from ((path, other, "not in enum") for other in _NO_MEMBERS)
    yield from _scalar(piece, value, path)
    if isinstance(value, Mapping):
        yield from _object(contract, piece, value, path, depth)
    if isinstance(value, list):
        yield from _array(contract, piece, value, path, depth)


def _scalar(piece: Flat, value: Any, path: Step) -> Iterator[tuple[Step, Any, str]]:
    schema = piece.schema
    if isinstance(value, str):
        if isinstance(schema.get("maxLength"), int) and schema["maxLength"] < 100_000:
            yield path, (value or "a").ljust(schema["maxLength"] + 1, (value or "a")[-1]), "too long"
        if schema.get("minLength"):
            yield path, value[: schema["minLength"] - 1], "too short"
        if "pattern" in schema:
            fill = max(int(schema.get("minLength", 0)), 1)
            yield from ((path, one * fill, "bad pattern") for one in ("\u2603", "!", " ", "a", "0"))
            yield path, "", "bad pattern"
        if schema.get("format") in _FORMATS:
            bad = _BAD_BASE64 if schema["format"] == "byte" else _NO_FORMAT
            yield path, bad.ljust(int(schema.get("minLength", 0)), "*"), "bad format"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from ((path, one, "out of range") for one in _outside(schema))
        if "multipleOf" in schema:
            yield path, value + schema["multipleOf"] / 2, "not a multiple"
            yield path, value + 1, "not a multiple"


def _outside(schema: Mapping[str, Any]) -> Iterator[int | float]:
    step = schema.get("multipleOf", 1)
    for key, sign in (("minimum", -1), ("maximum", 1)):
        if key in schema:
            yield schema[key] + sign * step
    yield from (schema[key] for key in ("exclusiveMinimum", "exclusiveMaximum") if key in schema)
    low, high = INTEGER_BOUNDS.get(str(schema.get("format")), (None, None))
    if low is not None and high is not None:
        yield from (high + 1, low - 1)


def _object(
    contract: Contract, piece: Flat, value: Mapping[str, Any], path: Step, depth: int
) -> Iterator[tuple[Step, Any, str]]:
    schema = piece.schema
    for name in schema.get("required") or ():
        if name in value:
            yield (*path, name), _ABSENT, "missing required"
    if schema.get("additionalProperties") is False or schema.get("unevaluatedProperties") is False:
        yield (*path, "unexpected_property"), "unexpected", "extra property"
    if isinstance(schema.get("maxProperties"), int) and schema["maxProperties"] < 1000:
        extra = {f"unexpected_{number}": "unexpected" for number in range(schema["maxProperties"] + 1)}
        yield path, {**value, **extra}, "too many properties"
    if schema.get("minProperties"):
        yield path, {}, "too few properties"
    needed = {name for names in needs_of(schema) for name in names}
    if needed & value.keys():
        yield path, {name: one for name, one in value.items() if name not in needed}, "none of the alternatives"
    properties = schema.get("properties") or {}
    for name, one in value.items():
        inner = properties.get(name, schema.get("additionalProperties"))
        if isinstance(inner, Mapping):
            yield from _broken(contract, inner, one, (*path, name), depth + 1)


def _array(
    contract: Contract, piece: Flat, value: list[Any], path: Step, depth: int
) -> Iterator[tuple[Step, Any, str]]:
    schema = piece.schema
    if isinstance(schema.get("maxItems"), int) and schema["maxItems"] < 1000:
        yield from ((path, one, "too many items") for one in _longer(contract, schema, schema["maxItems"] + 1))
    if schema.get("minItems"):
        yield path, value[: schema["minItems"] - 1], "too few items"
    if schema.get("uniqueItems") is True and value:
        yield path, [*value[:-1], value[0], value[0]], "not unique"
    if value and isinstance(schema.get("items"), Mapping):
        yield from _broken(contract, schema["items"], value[0], (*path, 0), depth + 1)


def _longer(contract: Contract, schema: Mapping[str, Any], length: int) -> Iterator[Any]:
    from agent.contract.sample import Unsatisfiable, sample

    longer = {key: value for key, value in schema.items() if key not in {"maxItems", "examples", "default"}}
    try:
        yield sample(contract, {**longer, "minItems": length}, direction="request")
    except Unsatisfiable:
        return


def _breaks_only(check: Any, instance: Any, path: Step) -> bool:
    """Refused, for one reason, which stands at this place or is told of the object around it."""
    faults = list(check.iter_errors(instance))
    if len(faults) != 1:
        return False
    place = tuple(faults[0].absolute_path)
    return place == path[: len(place)]


def _with(base: Any, path: Step, value: Any) -> Any:
    if not path:
        return value
    made = copy.deepcopy(base)
    holder = made
    for part in path[:-1]:
        holder = holder[part]
    if value is _ABSENT:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return made


def _pointer(path: Step) -> str:
    return "#" + "".join(f"/{escape(str(part))}" for part in path)
