"""`tests/unit/`: services alone, on repositories in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from agent.binding.model import Action, Bound
from agent.binding.words import snake, words
from agent.stacks.python_fastapi.project.code_model import CodeClass, classes_below
from agent.stacks.python_fastapi.project.fakes import Fake, fakes_file, fakes_of
from agent.stacks.python_fastapi.project.imports import names_in
from agent.stacks.python_fastapi.project.rendering import render
from agent.stacks.python_fastapi.project.shape import Shape
from agent.stacks.python_fastapi.project.source import literal
from agent.stacks.python_fastapi.project.unit_calls import (
    DUMPED,
    Place,
    UnitTest,
    body_of,
    calling,
    fixtures_of,
    service_lines,
)
from agent.stacks.python_fastapi.project.unit_sessions import refreshed, signed_in

_OTHERS = {"TokenIssuer": "tokens", "Sessions": "FakeSessions(tokens)", "Database": "NoDatabase()"}
"""What services are made of beside repositories → expression."""


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


def _place(shape: Shape, bound: Bound, service: CodeClass, fakes: Mapping[str, Fake]) -> Place | None:
    constructor = service.methods.get("__init__")
    method = service.methods[snake(bound.operation.id)]
    if constructor is None or bound.hole or not method.is_async:
        return None
    given = {one.name: fakes[one.annotation] for one in constructor.arguments if one.annotation in fakes}
    extra = {one.name: _OTHERS[one.annotation] for one in constructor.arguments if one.annotation in _OTHERS}
    if any(one.required and one.name not in given and one.name not in extra for one in constructor.arguments):
        return None
    own = next((name for name, fake in given.items() if fake.module.rsplit(".", 1)[-1] == snake(bound.table)), "")
    return Place(shape, bound, service, method, given, own, extra)


def _tests(place: Place) -> Iterator[UnitTest]:
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
            yield from signed_in(place)
        case Action.REFRESH if place.bound.presented:
            yield from refreshed(place)


def _listed(place: Place) -> UnitTest:
    answer = "answer" + "".join(f"[{literal(name)}]" for name in place.bound.envelope.data)
    return UnitTest(
        f"test_{place.method.name}",
        "What the repository gives is answered.",
        (
            *service_lines(place, filled=True),
            calling(place, "document, _" if place.bound.envelope.total_header else "document"),
            DUMPED,
            f"assert len({answer}) == 1",
        ),
        fixtures_of(place),
    )


def _windows(place: Place) -> Iterator[UnitTest]:
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


def _window(place: Place, name: str, summary: str, given: Mapping[str, str], limit: int) -> UnitTest:
    limit += place.bound.reads_ahead
    return UnitTest(
        f"test_{place.method.name}_{name}",
        summary,
        (*service_lines(place, filled=True), calling(place, "", given=given), f"assert {place.own}.limit == {limit}"),
        fixtures_of(place),
    )


def _found(place: Place) -> UnitTest:
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
            *service_lines(place, filled=True),
            calling(place, "document", caller=_owner_of(place)),
            DUMPED,
            *(checks or [f"assert {answer}"]),
        ),
        fixtures_of(place),
    )


def _missing(place: Place, error: str = "NotFound") -> UnitTest:
    call = calling(place, "").removeprefix(" = ")
    return UnitTest(
        f"test_{place.method.name}_of_something_unknown",
        "What the repository does not find is not there.",
        (*service_lines(place, filled=False), f"with pytest.raises({error}):", f"    {call}"),
        fixtures_of(place),
    )


def _owner_field(place: Place) -> str:
    """The field of the row that the method compares with the caller; empty when it compares none."""
    found = re.search(r"row\.(\w+) != caller\.id", place.method.body)
    return found[1] if found else ""


def _owner_of(place: Place) -> str:
    """Whoever owns the row that the repository has; empty where the method asks nobody."""
    owner = _owner_field(place)
    return f"Caller(id={place.own}.rows[0].{owner})" if owner else ""


def _forbidden(place: Place) -> Iterator[UnitTest]:
    if "raise Forbidden" in place.method.body and _owner_field(place):
        yield UnitTest(
            f"test_{place.method.name}_of_somebody_else",
            "Nothing happens to what belongs to somebody else.",
            (*service_lines(place, filled=True), "with pytest.raises(Forbidden):", f"    {calling(place, '')}"),
            fixtures_of(place),
        )


def _vanished(place: Place) -> UnitTest:
    call = calling(place, "", caller=_owner_of(place))
    return UnitTest(
        f"test_{place.method.name}_of_what_vanishes_meanwhile",
        "What was there a moment ago is not found either.",
        (
            *service_lines(place, filled=True),
            f"{place.own}.vanishing = True",
            "with pytest.raises(NotFound):",
            f"    {call}",
        ),
        fixtures_of(place),
    )


def _created(place: Place) -> UnitTest:
    table = place.shape.table(place.bound.table)
    body = body_of(place)
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
        (*service_lines(place, filled=True), calling(place, ""), *(checks or [f"assert {place.own}.written"])),
        fixtures_of(place),
    )


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
