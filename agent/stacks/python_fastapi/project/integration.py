"""`tests/integration/`: for every operation its main path and what it must refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from agent.binding.callers import Accounts, Keys
from agent.binding.model import Action, Bound
from agent.binding.words import words
from agent.stacks.python_fastapi.project import accounts, holes, reading, refusals, wholes, writing
from agent.stacks.python_fastapi.project.api_keys import key_fixtures
from agent.stacks.python_fastapi.project.emptying import emptying
from agent.stacks.python_fastapi.project.imports import imports_of
from agent.stacks.python_fastapi.project.rendering import render
from agent.stacks.python_fastapi.project.scenario import Scenario
from agent.stacks.python_fastapi.project.shape import Shape
from agent.stacks.python_fastapi.project.source import literal


def integration_files(shape: Shape, *, tokens: bool, basic: bool, keys: Keys | None) -> Mapping[str, str]:
    """One module a resource: path → content; callers come with tokens, with their passwords, or with keys."""
    resources = dict.fromkeys(bound.resource for bound in shape.binding.operations)
    files = {f"tests/integration/test_{resource}.py": _module(shape, resource) for resource in resources}
    conftest = _conftest(shape, tokens=tokens, basic=basic, keys=keys)
    return {"tests/integration/__init__.py": "", "tests/integration/conftest.py": conftest, **files}


def _module(shape: Shape, resource: str) -> str:
    operations = [bound for bound in shape.binding.operations if bound.resource == resource]
    found = _distinct(scenario for bound in operations for scenario in scenarios(shape, bound))
    body = render("tests/integration.py.jinja", scenarios=found)
    docstring = f"The operations of {' '.join(words(resource))}, through the whole service."
    return render("tests/module.py.jinja", docstring=docstring, imports=imports_of(body), body=body)


def _distinct(scenarios: Iterator[Scenario]) -> list[Scenario]:
    found: dict[str, Scenario] = {}
    for scenario in scenarios:
        found.setdefault(scenario.name, scenario)
    return list(found.values())


def scenarios(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    """What is tested of one operation: its main path, and what it must refuse."""
    yield from _main(shape, bound)
    yield from refusals.unauthenticated(shape, bound)
    yield from refusals.unscoped(shape, bound)
    if bound.action in accounts.ACTIONS:
        return
    if bound.hole:
        yield from holes.unknown_things(shape, bound)
        yield from refusals.misfits(shape, bound)
        return
    yield from refusals.unknown_things(shape, bound)
    yield from refusals.removed_things(shape, bound)
    yield from refusals.strangers(shape, bound)
    yield from wholes.not_whole(shape, bound)
    yield from refusals.misfits(shape, bound)


_ROWS: Mapping[Action, Callable[[Shape, Bound], Iterator[Scenario]]] = {
    Action.LIST: reading.listing,
    Action.RETRIEVE: reading.retrieving,
    Action.CREATE: writing.creating,
    Action.REPLACE: writing.replacing,
    Action.PATCH: writing.patching,
    Action.DELETE: writing.deleting,
    Action.REGISTER: accounts.registering,
    Action.ME: accounts.introducing,
}
_SESSIONS: Mapping[Action, Callable[[Shape, Bound, Accounts], Iterator[Scenario]]] = {
    Action.LOGIN: accounts.signing_in,
    Action.REFRESH: accounts.refreshing,
    Action.LOGOUT: accounts.signing_out,
}


def _main(shape: Shape, bound: Bound) -> Iterator[Scenario]:
    if bound.action is None:
        yield from holes.promised(shape, bound)
    elif bound.action in _ROWS:
        yield from _ROWS[bound.action](shape, bound)
    elif shape.accounts is not None:
        yield from _SESSIONS[bound.action](shape, bound, shape.accounts)
    if (bound.action in (Action.ME, Action.REFRESH) or bound.own_account) and shape.accounts is not None:
        yield from accounts.gone(shape, bound)
    if bound.action in (Action.REGISTER, Action.LOGIN, Action.REFRESH):
        yield from refusals.misfits(shape, bound)


def _conftest(shape: Shape, *, tokens: bool, basic: bool, keys: Keys | None) -> str:
    known = shape.accounts
    user = known and {
        "factory": f"make_{shape.row_name(known.table)}",
        "id": literal(known.id_column),
        "login": literal(known.login_column),
        "given": accounts.signing(shape, known),
    }
    return render(
        "tests/integration_conftest.py.jinja",
        user=user,
        tokens=tokens,
        basic=basic,
        keys=key_fixtures(shape, keys),
        rotates=shape.binding.rotates,
        emptying=emptying(shape.catalog),
        scopes=literal(list(shape.binding.scopes)) if shape.binding.scopes else "",
    )
