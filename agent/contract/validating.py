"""Is an instance valid against a schema of a contract? Formats count, references may be cyclic."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlsplit

from agent.contract.model import Contract, Schema
from agent.contract.patterns import compiled
from agent.contract.source import escape

Direction = Literal["request", "response"]
"""Which way an instance goes: `readOnly` is not sent in requests, `writeOnly` not in answers."""

_HOME = "urn:contract"
_UNWANTED = {"request": "readOnly", "response": "writeOnly"}
INTEGER_BOUNDS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
"""Smallest and largest value of the integer formats."""


def validate(
    contract: Contract, schema: Schema, instance: Any, *, direction: Direction | None = None
) -> tuple[str, ...]:
    """What is wrong with the instance, each message with its JSON pointer; empty when it is valid.

    With a direction, properties that do not go that way are not asked for.
    """
    return tuple(
        f"{_pointer(error.absolute_path)}: {_message(error)}" for error in errors(contract, schema, instance, direction)
    )


def errors(contract: Contract, schema: Schema, instance: Any, direction: Direction | None = None) -> list[Any]:
    """The same as errors of jsonschema, those nearest to the root first."""
    found = checker(contract, schema, direction).iter_errors(instance)
    return sorted(found, key=lambda error: (len(error.absolute_path), [str(part) for part in error.absolute_path]))


def checker(contract: Contract, schema: Schema, direction: Direction | None = None) -> Any:
    """A validator of jsonschema for this schema; keep it to check many instances."""
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    resource = DRAFT202012.create_resource({"components": {"schemas": contract.schemas}})
    registry: Any = Registry().with_resource(_HOME, resource)
    return _dialect(direction)(schema, _resolver=registry.resolver(_HOME), format_checker=_formats())


@lru_cache
def _dialect(direction: Direction | None) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend

    def pattern(_: Any, wanted: str, instance: Any, __: Any) -> Iterator[Any]:
        if isinstance(instance, str) and not compiled(wanted)(instance):
            yield ValidationError(f"{instance!r} does not match {wanted!r}")

    def required(validator: Any, names: list[str], instance: Any, schema: Any) -> Iterator[Any]:
        if not isinstance(instance, Mapping):
            return
        missing = [name for name in names if name not in instance]
        excused = _one_way(validator, schema, _UNWANTED[direction], 0) if missing and direction else set()
        for name in missing:
            if name not in excused:
                yield ValidationError(f"{name!r} is a required property")

    own = {
        "pattern": pattern,
        "required": required,
        "patternProperties": _named_by_patterns,
        "additionalProperties": _others,
    }
    made: Any = extend(Draft202012Validator, own)  # type: ignore[no-untyped-call]
    return made


def _named_by_patterns(validator: Any, patterns: Mapping[str, Any], instance: Any, _: Any) -> Iterator[Any]:
    for wanted, schema in patterns.items() if isinstance(instance, Mapping) else ():
        for name in filter(compiled(wanted), instance):
            yield from validator.descend(instance[name], schema, path=name, schema_path=wanted)


def _others(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """Properties that are neither declared nor named by a pattern."""
    from jsonschema.exceptions import ValidationError

    if not isinstance(instance, Mapping):
        return
    patterns = [compiled(wanted) for wanted in schema.get("patternProperties", ())]
    declared = schema.get("properties", ())
    extra = [name for name in instance if name not in declared and not any(fits(name) for fits in patterns)]
    for name in extra if isinstance(allowed, Mapping) else ():
        yield from validator.descend(instance[name], allowed, path=name)
    if allowed is False and extra:
        told = ", ".join(map(repr, extra))
        yield ValidationError(
            f"Additional properties are not allowed ({told} {'was' if len(extra) == 1 else 'were'} unexpected)"
        )


def _one_way(validator: Any, schema: Any, keyword: str, depth: int) -> set[str]:
    """Names of the properties that bear this keyword, in the schema and in what it is composed of."""
    if not isinstance(schema, Mapping) or depth > 20:
        return set()
    found = {name for name, one in (schema.get("properties") or {}).items() if _bears(validator, one, keyword, 0)}
    parts = list(schema.get("allOf") or ())
    if isinstance(schema.get("$ref"), str):
        parts.append(validator._resolver.lookup(schema["$ref"]).contents)
    return found.union(*(_one_way(validator, part, keyword, depth + 1) for part in parts))


def _bears(validator: Any, schema: Any, keyword: str, depth: int) -> bool:
    if not isinstance(schema, Mapping) or depth > 20:
        return False
    if schema.get(keyword) is True:
        return True
    target = schema.get("$ref")
    return isinstance(target, str) and _bears(
        validator, validator._resolver.lookup(target).contents, keyword, depth + 1
    )


@lru_cache
def _formats() -> Any:
    from jsonschema import Draft202012Validator, FormatChecker

    formats = FormatChecker(formats=())
    formats.checkers = {**Draft202012Validator.FORMAT_CHECKER.checkers}
    formats.checkers.pop("regex", None)
    for names, test in _OWN_FORMATS.items():
        for name in names:
            formats.checkers[name] = (test, ())
    return formats


def _is_uri(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return (
        bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", parts.scheme))
        and _is_plain(value)
        and len(value) > len(parts.scheme) + 1
    )


def _is_uri_reference(value: object) -> bool:
    return not isinstance(value, str) or _is_plain(value)


def _is_plain(value: str) -> bool:
    return not re.search(r"[\s<>\"{}|\\^`]", value)


def _is_hostname(value: object) -> bool:
    label = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
    return not isinstance(value, str) or (len(value) < 254 and bool(re.fullmatch(rf"{label}(\.{label})*", value)))


def _is_email(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"[^@\s]+@[^@\s]+", value))


def _is_base64(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _is_duration(value: object) -> bool:
    form = r"P(?!$)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?)"
    return not isinstance(value, str) or bool(re.fullmatch(form, value))


def _is_ip(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _within(name: str) -> Any:
    low, high = INTEGER_BOUNDS[name]

    def test(value: object) -> bool:
        return isinstance(value, bool) or not isinstance(value, int | float) or low <= value <= high

    return test


_OWN_FORMATS: Mapping[tuple[str, ...], Any] = {
    ("uri", "url", "iri"): _is_uri,
    ("uri-reference", "iri-reference"): _is_uri_reference,
    ("hostname",): _is_hostname,
    ("email", "idn-email"): _is_email,
    ("byte", "base64"): _is_base64,
    ("duration",): _is_duration,
    ("ip",): _is_ip,
    ("int32",): _within("int32"),
    ("int64",): _within("int64"),
}


def _pointer(path: Any) -> str:
    return "#" + "".join(f"/{escape(str(part))}" for part in path)


def _message(error: Any) -> str:
    text = str(error.message)
    return text if len(text) <= 300 else f"{text[:300]}…"
