"""Requests that break the contract at exactly one place: a body, a parameter, or something required left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from agent.checklist.probe.requests import ABSENT, Request, body_schema, plain
from agent.contract.model import Contract, Operation, Parameter, Schema
from agent.contract.sample import validate, violations

_EACH = 2
"""How many of the same kind of breach are asked at one place."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A request that the contract forbids."""

    request: Request
    place: str
    """`body #/author/name`, `query limit`."""
    field: str
    """The name that a refusal has to say; empty when the whole body is wrong."""
    why: str
    """`missing required`, `too long`..."""

    def __str__(self) -> str:
        return f"{self.place} {self.why}"


def broken_requests(contract: Contract, request: Request) -> Iterator[Broken]:
    """Every way to break this good request alone, the same for the same request."""
    yield from _bodies(contract, request)
    for parameter in request.operation.parameters:
        yield from _parameters(contract, request, parameter)


def breakable(contract: Contract, operation: Operation) -> bool:
    """True when some input of the operation can break the contract."""
    return next(broken_requests(contract, Request(operation, "")), None) is not None


def _bodies(contract: Contract, request: Request) -> Iterator[Broken]:
    found = body_schema(request.operation)
    if found is None or request.operation.body is None:
        return
    if request.operation.body.required:
        yield Broken(replace(request, body=ABSENT), "body", "", "missing required")
    if "json" not in found[0]:
        return
    asked: dict[tuple[str, str], int] = {}
    for one in violations(contract, found[1]):
        kind = (one.pointer, one.why)
        asked[kind] = asked.get(kind, 0) + 1
        if asked[kind] <= _EACH:
            yield Broken(replace(request, body=one.value), f"body {one.pointer}", _last_name(one.pointer), one.why)


def _parameters(contract: Contract, request: Request, parameter: Parameter) -> Iterator[Broken]:
    place, name = f"{parameter.location} {parameter.name}", parameter.name
    if parameter.location not in ("path", "query", "header") or _is_credential(contract, parameter):
        return
    if f"{'?' * (parameter.location == 'query')}{parameter.name}" in request.credentials:
        return  # a key that was told or found: what is broken there is refused as nobody's
    if parameter.required and parameter.location != "path":
        yield Broken(_without(request, parameter), place, name, "missing required")
    seen: set[str] = set()
    for one in violations(contract, parameter.schema):
        if _stays_broken(contract, parameter.schema, one.value) and one.why not in seen:
            seen.add(one.why)
            yield Broken(_with(request, parameter, one.value), place, name, one.why)


def _is_credential(contract: Contract, parameter: Parameter) -> bool:
    """Headers that OpenAPI tells to ignore, and those of the security schemes: a refusal is a 401 there."""
    schemes = {scheme.parameter.lower() for scheme in contract.security_schemes.values()}
    return parameter.name.lower() in {"authorization", "accept", "content-type", *schemes} - {""}


def _stays_broken(contract: Contract, schema: Schema, value: Any) -> bool:
    """True when the value is refused however its text is read: in a query `12` is a string as well as a number."""
    if isinstance(value, list):
        readings = [[reading] for one in value[:1] for reading in _readings(one)] if len(value) == 1 else []
    else:
        readings = list(_readings(value))
    return bool(readings) and all(validate(contract, schema, one) for one in readings)


def _readings(value: Any) -> Iterator[Any]:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not plain(value).strip(" /."):
        return
    text = plain(value)
    yield text
    if text in ("true", "false", "0", "1"):
        yield text in ("true", "1")
    for read in (int, float):
        try:
            yield read(text)
        except (ValueError, OverflowError):
            continue


def _with(request: Request, parameter: Parameter, value: Any) -> Request:
    match parameter.location:
        case "path":
            return replace(request, path_values={**request.path_values, parameter.name: value})
        case "query":
            return replace(request, query={**request.query, parameter.name: value})
        case _:
            text = plain(value).encode("ascii", "ignore").decode().replace("\r", "").replace("\n", "")
            return replace(request, headers={**request.headers, parameter.name: text})


def _without(request: Request, parameter: Parameter) -> Request:
    if parameter.location == "query":
        return replace(request, query={key: one for key, one in request.query.items() if key != parameter.name})
    return replace(request, headers={key: one for key, one in request.headers.items() if key != parameter.name})


def _last_name(pointer: str) -> str:
    names = [part for part in pointer.split("/")[1:] if not part.isdigit()]
    return names[-1].replace("~1", "/").replace("~0", "~") if names else ""
