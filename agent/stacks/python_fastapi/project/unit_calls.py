"""A service on repositories in memory, and one call of it: the lines that unit tests are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agent.binding.model import Bound, Sorting
from agent.binding.words import snake
from agent.stacks.python_fastapi.project.code_model import Argument, CodeClass, CodeMethod
from agent.stacks.python_fastapi.project.fakes import Fake, by_annotation
from agent.stacks.python_fastapi.project.shape import Shape
from agent.stacks.python_fastapi.project.source import Code, literal

_SENT = 11
DUMPED = 'answer = document.model_dump(mode="json", by_alias=True)'


@dataclass(frozen=True)
class UnitTest:
    """One test of one method of a service."""

    name: str
    summary: str
    lines: tuple[str, ...]
    arguments: str = ""


@dataclass(frozen=True)
class Place:
    """A method of a service, and the fakes below it."""

    shape: Shape
    bound: Bound
    service: CodeClass
    method: CodeMethod
    fakes: Mapping[str, Fake]
    """Parameter of the service's constructor → fake."""
    own: str
    """The parameter whose repository holds the rows of the operation's table; empty when there is none."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Other parameters of the constructor → expression."""


def service_lines(place: Place, *, filled: bool) -> Iterator[str]:
    """The lines that make the service on fakes; those of other tables always hold a row."""
    for name, fake in place.fakes.items():
        held = f"{fake.maker}()" if fake.row else "object()" if fake.tells else ""
        yield f"{name} = {fake.name}({held if filled or name != place.own else ''})"
    given = [f"{name}={name}" for name in place.fakes] + [f"{name}={value}" for name, value in place.extra.items()]
    yield f"service = {place.service.name}({', '.join(given)})"


def calling(
    place: Place, variable: str, caller: str = "", body: str = "", given: Mapping[str, str] = MappingProxyType({})
) -> str:
    arguments = []
    for one in place.method.arguments:
        if one.name in given:
            arguments.append(f"{one.name}={given[one.name]}")
        elif caller and one.annotation == "Caller":
            arguments.append(f"{one.name}={caller}")
        elif body and one.name == "body":
            arguments.append(
                f"body={one.annotation.removesuffix(' | None')}.model_validate({_whole(place, Code(body))})"
            )
        elif one.required:
            arguments.append(f"{one.name}={_argument(place, one)}")
    call = f"await service.{place.method.name}({', '.join(arguments)})"
    return f"{variable} = {call}" if variable else call


def _whole(place: Place, carried: Any) -> str:
    """The body as it is sent, as an expression."""
    body = place.bound.operation.body
    return literal(body.whole(carried) if body else carried)


def _argument(place: Place, one: Argument) -> str:
    if one.annotation == "Caller":
        return f"Caller(id={caller_id(place)})"
    if one.name == "url":
        return literal("http://localhost/")
    if one.name == "body":
        return f"{one.annotation.removesuffix(' | None')}.model_validate({_whole(place, body_of(place))})"
    if "None" in one.annotation.split(" | "):
        return "None"
    if (
        place.bound.sorting
        and one.name == snake(place.bound.sorting.parameter)
        and one.annotation.startswith(("str", "Literal"))
    ):
        return literal(_first_order(place.bound.sorting))
    schema = next((one_.schema for one_ in place.bound.operation.parameters if snake(one_.name) == one.name), None)
    value = place.shape.values.of_schema(schema, one.name, 1) if schema is not None else None
    known = by_annotation(one, value)
    return known if known != "{}" else f"{one.annotation}({literal(value)})"


def _first_order(sorting: Sorting) -> str:
    """An order that the contract allows, as the parameter spells it."""
    first = next(iter(sorting.default), next(iter(sorting.columns)))
    return sorting.spelt(first.removeprefix("-"), descending=first.startswith("-")) if sorting.directed else first


def caller_id(place: Place) -> str:
    accounts = place.shape.accounts
    table = place.shape.table(accounts.table) if accounts else None
    column = table.column(accounts.id_column) if table and accounts else None
    kind = {"uuid": "UUID", "int4": "int", "int8": "int", "int2": "int"}.get(
        column.base_type if column else "uuid", "str"
    )
    return by_annotation(Argument("caller", kind))


def body_of(place: Place) -> dict[str, Any]:
    """A body of plain values; what it refers to need not be there."""
    shape, bound = place.shape, place.bound
    table = shape.table(bound.table)
    schema = shape.body_schema(bound) or {}
    fields = {one.property: one for one in bound.body}
    return {
        name: shape.values.of_property(one, fields[name], table, _SENT)
        if name in fields
        else shape.values.of_schema(one, name, _SENT)
        for name, one in shape.properties(schema).items()
        if name in fields or name in schema.get("required", ())
    }


def fixtures_of(place: Place, wanted: str = "") -> str:
    needed = wanted == "TokenIssuer" or any("tokens" in value for value in place.extra.values())
    return "tokens: TokenIssuer" if needed else ""
