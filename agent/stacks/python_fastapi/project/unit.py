"""`tests/unit/`: services alone, on repositories in memory; settings, tokens and passwords."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agent.binding.callers import TokenPart
from agent.binding.model import Action, Bound, Sorting
from agent.binding.words import snake, words
from agent.stacks.python_fastapi.project.code_model import Argument, CodeClass, CodeMethod, classes_below
from agent.stacks.python_fastapi.project.fakes import Fake, by_annotation, fakes_file, fakes_of, value_for
from agent.stacks.python_fastapi.project.imports import names_in
from agent.stacks.python_fastapi.project.rendering import render
from agent.stacks.python_fastapi.project.shape import Shape
from agent.stacks.python_fastapi.project.source import Code, literal

_SENT = 11
_PASSWORD = "Correct-horse-1-battery"
_WRONG = "Wrong-horse-1-battery"
_OTHERS = {"TokenIssuer": "tokens", "Sessions": "FakeSessions(tokens)", "Database": "NoDatabase()"}
"""What services are made of beside repositories → expression."""
_DUMPED = 'answer = document.model_dump(mode="json", by_alias=True)'


@dataclass(frozen=True)
class UnitTest:
    """One test of one method of a service."""

    name: str
    summary: str
    lines: tuple[str, ...]
    arguments: str = ""


@dataclass(frozen=True)
class _Place:
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


def unit_files(shape: Shape, source: Mapping[str, str]) -> Mapping[str, str]:
    """The unit tests of the service whose code is given: path → content."""
    repositories = classes_below(source, "src/repositories")
    fakes = fakes_of(shape, repositories, classes_below(source, "src/models"))
    if not fakes:
        return {}
    services = classes_below(source, "src/services")
    modules = {
        f"tests/unit/test_{service.module.rsplit('.', 1)[-1]}_service.py": _module(shape, service, fakes)
        for name, service in services.items()
        if name.endswith("Service")
    }
    return {
        "tests/unit/fakes.py": fakes_file(
            fakes,
            repositories,
            limits=any(".limit == " in text for text in modules.values()),
            sessions=_needed("Sessions", services),
            transactions=_needed("Database", services),
        ),
        **{path: text for path, text in modules.items() if text},
    }


def _needed(part: str, services: Mapping[str, CodeClass]) -> bool:
    """Whether a service is made of it."""
    return any(
        one.annotation == part
        for service in services.values()
        for method in service.methods.values()
        for one in method.arguments
    )


def _module(shape: Shape, service: CodeClass, fakes: Mapping[str, Fake]) -> str:
    tests = [
        test
        for bound in shape.binding.operations
        if snake(bound.operation.id) in service.methods
        for place in [_place(shape, bound, service, fakes)]
        if place is not None
        for test in _tests(place)
    ]
    if not tests:
        return ""
    body = render("tests/unit.py.jinja", tests=tests)
    resource = " ".join(words(service.module.rsplit(".", 1)[-1]))
    return render(
        "tests/module.py.jinja",
        docstring=f"The service of {resource} alone, its repositories replaced.",
        imports=_imports(body, service, fakes),
        body=body,
    )


def _place(shape: Shape, bound: Bound, service: CodeClass, fakes: Mapping[str, Fake]) -> _Place | None:
    constructor = service.methods.get("__init__")
    method = service.methods[snake(bound.operation.id)]
    if constructor is None or bound.hole or not method.is_async:
        return None
    given = {one.name: fakes[one.annotation] for one in constructor.arguments if one.annotation in fakes}
    extra = {one.name: _OTHERS[one.annotation] for one in constructor.arguments if one.annotation in _OTHERS}
    if any(one.required and one.name not in given and one.name not in extra for one in constructor.arguments):
        return None
    own = next((name for name, fake in given.items() if fake.module.rsplit(".", 1)[-1] == snake(bound.table)), "")
    return _Place(shape, bound, service, method, given, own, extra)


def _tests(place: _Place) -> Iterator[UnitTest]:
    fake = place.fakes.get(place.own)
    if fake is None or not (fake.row or place.bound.action is Action.LOGIN):
        return
    match place.bound.action:
        case Action.LIST:
            yield _listed(place)
            yield from _windows(place)
        case Action.RETRIEVE:
            yield _found(place)
            yield _missing(place)
            yield from _forbidden(place)
        case Action.REPLACE | Action.PATCH | Action.DELETE:
            yield _missing(place, "Unauthenticated" if place.bound.own_account else "NotFound")
            yield from _forbidden(place)
            if place.method.body.count("raise NotFound") > 1:
                yield _vanished(place)
        case Action.CREATE | Action.REGISTER:
            yield _created(place)
        case Action.ME:
            yield _found(place)
            yield _missing(place, "Unauthenticated" if "raise Unauthenticated" in place.method.body else "NotFound")
        case Action.LOGIN:
            yield from _signed_in(place)
        case Action.REFRESH if place.bound.presented:
            yield from _refreshed(place)


def _listed(place: _Place) -> UnitTest:
    answer = "answer" + "".join(f"[{literal(name)}]" for name in place.bound.envelope.data)
    return UnitTest(
        f"test_{place.method.name}",
        "What the repository gives is answered.",
        (
            *_service(place, filled=True),
            _call(place, "document, _" if place.bound.envelope.total_header else "document"),
            _DUMPED,
            f"assert len({answer}) == 1",
        ),
        _fixtures(place),
    )


def _windows(place: _Place) -> Iterator[UnitTest]:
    """How many rows are read at most, where that is not what the caller said, within bounds that the route keeps."""
    paging = place.bound.paging
    if paging is None or place.own not in place.fakes:
        return
    name = snake(paging.limit_parameter)
    asked = next((one for one in place.method.arguments if name and one.name == name), None)
    schema = next((one.schema for one in place.bound.operation.parameters if one.name == paging.limit_parameter), {})
    most = "maximum" not in place.shape.contract.resolve(schema)
    if asked is None:
        fixed = paging.maximum if paging.style == "none" else paging.default
        yield from [_window(place, "at_once", "No more rows are read at once.", {}, fixed)] if not name else []
        return
    if "None" in asked.annotation.split(" | "):
        yield _window(place, "without_a_limit", "A page has its usual size.", {name: "None"}, paging.default)
    if most:
        given = {name: f"{paging.maximum + 1}{'.0' * ('float' in asked.annotation)}"}
        yield _window(place, "beyond_the_limit", "A page has its largest size.", given, paging.maximum)


def _window(place: _Place, name: str, summary: str, given: Mapping[str, str], limit: int) -> UnitTest:
    limit += place.bound.reads_ahead
    return UnitTest(
        f"test_{place.method.name}_{name}",
        summary,
        (*_service(place, filled=True), _call(place, "", given=given), f"assert {place.own}.limit == {limit}"),
        _fixtures(place),
    )


def _found(place: _Place) -> UnitTest:
    key = place.shape.table(place.bound.table).primary_key
    answer = "answer" + "".join(f"[{literal(name)}]" for name in place.bound.envelope.data)
    fake = place.fakes[place.own]
    shown = [field for field in place.bound.answer if (field.column,) == key and field.embedded is None]
    fields = {name for name, _ in fake.fields}
    checks = [
        f"assert str({answer}[{literal(field.property)}]) == str({place.own}.rows[0].{snake(field.column)})"
        for field in shown
        if snake(field.column) in fields
    ]
    return UnitTest(
        f"test_{place.method.name}",
        "What the repository finds is answered.",
        (
            *_service(place, filled=True),
            _call(place, "document", caller=_owner_of(place)),
            _DUMPED,
            *(checks or [f"assert {answer}"]),
        ),
        _fixtures(place),
    )


def _missing(place: _Place, error: str = "NotFound") -> UnitTest:
    call = _call(place, "").removeprefix(" = ")
    return UnitTest(
        f"test_{place.method.name}_of_something_unknown",
        "What the repository does not find is not there.",
        (*_service(place, filled=False), f"with pytest.raises({error}):", f"    {call}"),
        _fixtures(place),
    )


def _owner_field(place: _Place) -> str:
    """The field of the row that the method compares with the caller; empty when it compares none."""
    found = re.search(r"row\.(\w+) != caller\.id", place.method.body)
    return found[1] if found else ""


def _owner_of(place: _Place) -> str:
    """Whoever owns the row that the repository has; empty where the method asks nobody."""
    owner = _owner_field(place)
    return f"Caller(id={place.own}.rows[0].{owner})" if owner else ""


def _forbidden(place: _Place) -> Iterator[UnitTest]:
    if "raise Forbidden" in place.method.body and _owner_field(place):
        yield UnitTest(
            f"test_{place.method.name}_of_somebody_else",
            "Nothing happens to what belongs to somebody else.",
            (*_service(place, filled=True), "with pytest.raises(Forbidden):", f"    {_call(place, '')}"),
            _fixtures(place),
        )


def _vanished(place: _Place) -> UnitTest:
    call = _call(place, "", caller=_owner_of(place))
    return UnitTest(
        f"test_{place.method.name}_of_what_vanishes_meanwhile",
        "What was there a moment ago is not found either.",
        (
            *_service(place, filled=True),
            f"{place.own}.vanishing = True",
            "with pytest.raises(NotFound):",
            f"    {call}",
        ),
        _fixtures(place),
    )


def _created(place: _Place) -> UnitTest:
    table = place.shape.table(place.bound.table)
    body = _body(place)
    checks = []
    for one in place.bound.body:
        column = table.column(one.column)
        value = body.get(one.property)
        plain = column is not None and column.base_type in ("text", "varchar", "int2", "int4", "int8", "bool")
        as_sent = not one.secret and not one.conversion.startswith("printed ")
        if plain and column is not None and not column.enum and one.property in body and as_sent:
            equals = "is" if isinstance(value, bool) else "=="
            checks.append(f"assert {place.own}.written[{literal(column.name)}] {equals} {literal(value)}")
    return UnitTest(
        f"test_{place.method.name}",
        "What is sent is handed to the repository.",
        (*_service(place, filled=True), _call(place, ""), *(checks or [f"assert {place.own}.written"])),
        _fixtures(place),
    )


def _signed_in(place: _Place) -> Iterator[UnitTest]:
    """The right password opens a session; a wrong one does not, and nobody has none."""
    accounts, known = place.shape.accounts, place.fakes[place.own].credentials
    if accounts is None or known is None:
        return
    table = place.shape.table(accounts.table)
    given = ", ".join(
        f"{one.name}=await hash_password({literal(_PASSWORD)})"
        if one.name == "password_hash"
        else f"{one.name}={value_for(place.shape, table, one)}"
        for one in known.fields
    )
    begin = (*_service(place, filled=True), f"{place.own}.credentials = {known.name}({given})")
    right, wrong = (_call(place, "document", body=_signing_in(place, one)) for one in (_PASSWORD, _WRONG))
    name, fixtures = f"test_{place.method.name}", _fixtures(place, "TokenIssuer")
    checks = _tokens(place, f"{place.own}.credentials.id")
    yield UnitTest(name, "The right password opens a session.", (*begin, right, _DUMPED, *checks), fixtures)
    refused = ("with pytest.raises(Unauthenticated):", f"    {wrong.partition(' = ')[2]}")
    yield UnitTest(f"{name}_with_the_wrong_password", "A wrong password opens nothing.", (*begin, *refused), fixtures)
    begin = tuple(_service(place, filled=True))
    yield UnitTest(f"{name}_of_nobody", "Who is not known gets nothing.", (*begin, *refused), _fixtures(place))


def _signing_in(place: _Place, password: str) -> str:
    secret = {one.property for one in place.bound.body if one.secret}
    return literal({name: password if name in secret else value for name, value in _body(place).items()})


def _refreshed(place: _Place) -> Iterator[UnitTest]:
    """A refresh token gives new tokens, as long as its user is there."""
    accounts = place.shape.accounts
    if accounts is None:
        return
    owner = f"Caller(id={_caller_id(place)})"
    body = literal({place.bound.presented: Code(f"tokens.issue({owner}).refresh")})
    name, fixtures = f"test_{place.method.name}", _fixtures(place, "TokenIssuer")
    call = _call(place, "document", body=body)
    yield UnitTest(
        name,
        "A refresh token gives new tokens.",
        (*_service(place, filled=True), call, _DUMPED, *_tokens(place, _caller_id(place))),
        fixtures,
    )
    if "raise Unauthenticated" in place.method.body:
        refused = ("with pytest.raises(Unauthenticated):", f"    {call.partition(' = ')[2]}")
        lines = (*_service(place, filled=False), *refused)
        yield UnitTest(f"{name}_of_somebody_who_is_gone", "Who is gone gets no tokens.", lines, fixtures)


def _tokens(place: _Place, owner: str) -> Iterator[str]:
    """What has to hold for the tokens in `answer`."""
    for path, part in place.bound.tokens.items():
        here = "answer" + "".join(f"[{literal(name)}]" for name in path)
        match part:
            case TokenPart.ACCESS:
                yield f"assert tokens.caller({here}).id == {owner}"
            case TokenPart.REFRESH:
                yield f'assert tokens.caller({here}, "refresh").id == {owner}'
            case TokenPart.TYPE:
                yield f'assert {here}.lower() == "bearer"'
            case TokenPart.EXPIRES:
                yield f"assert {here} > 0"


def _service(place: _Place, *, filled: bool) -> Iterator[str]:
    """The lines that make the service on fakes; those of other tables always hold a row."""
    for name, fake in place.fakes.items():
        held = f"{fake.maker}()" if fake.row else "object()" if fake.tells else ""
        yield f"{name} = {fake.name}({held if filled or name != place.own else ''})"
    given = [f"{name}={name}" for name in place.fakes] + [f"{name}={value}" for name, value in place.extra.items()]
    yield f"service = {place.service.name}({', '.join(given)})"


def _call(
    place: _Place, variable: str, caller: str = "", body: str = "", given: Mapping[str, str] = MappingProxyType({})
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


def _whole(place: _Place, carried: Any) -> str:
    """The body as it is sent, as an expression."""
    body = place.bound.operation.body
    return literal(body.whole(carried) if body else carried)


def _argument(place: _Place, one: Argument) -> str:
    if one.annotation == "Caller":
        return f"Caller(id={_caller_id(place)})"
    if one.name == "url":
        return literal("http://localhost/")
    if one.name == "body":
        return f"{one.annotation.removesuffix(' | None')}.model_validate({_whole(place, _body(place))})"
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


def _caller_id(place: _Place) -> str:
    accounts = place.shape.accounts
    table = place.shape.table(accounts.table) if accounts else None
    column = table.column(accounts.id_column) if table and accounts else None
    kind = {"uuid": "UUID", "int4": "int", "int8": "int", "int2": "int"}.get(
        column.base_type if column else "uuid", "str"
    )
    return by_annotation(Argument("caller", kind))


def _body(place: _Place) -> dict[str, Any]:
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


def _fixtures(place: _Place, wanted: str = "") -> str:
    needed = wanted == "TokenIssuer" or any("tokens" in value for value in place.extra.values())
    return "tokens: TokenIssuer" if needed else ""


def _imports(body: str, service: CodeClass, fakes: Mapping[str, Fake]) -> str:
    used = names_in(body)
    lines = {f"from {service.module} import {service.name}"}
    lines |= {f"from {module} import {name}" for name, module in service.imports.items() if name in used}
    lines |= {f"from tests.unit.fakes import {name}" for one in fakes.values() for name in (one.name, one.maker)}
    lines |= {
        f"from {one.credentials.module} import {one.credentials.name}" for one in fakes.values() if one.credentials
    }
    lines |= {f"from tests.unit.fakes import {name}" for name in ("FakeSessions", "NoDatabase")}
    lines |= {
        "from src.core.exceptions import Forbidden, NotFound, Unauthenticated",
        "from src.core.security import Caller, TokenIssuer, hash_password",
    }
    lines |= {"from datetime import UTC, date, datetime, time, timedelta", "from decimal import Decimal"}
    lines |= {"from uuid import UUID", "import pytest"}
    return "\n".join(line for line in sorted(lines) if used & set(line.replace(",", " ").split()[1:]))
