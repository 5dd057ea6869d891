"""Which of the refusals that the contract declares for an operation a test can provoke, and why not the others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from agent.binding.model import Action, Bound
from agent.catalog.model import Catalog, Table
from agent.contract.model import Contract, Operation, Parameter, Schema

_CREATES = (Action.CREATE, Action.REGISTER)
_CHANGES = (Action.REPLACE, Action.PATCH)
_WITH_CREDENTIALS = (Action.LOGIN, Action.REFRESH, Action.LOGOUT)
_OF_ONE = (Action.RETRIEVE, Action.REPLACE, Action.PATCH, Action.DELETE)
_MISFIT = frozenset({400, 422})
_BOUNDS = ("enum", "const", "format", "pattern", "minLength", "maxLength")
_OF_HOLES = frozenset({403, 404, 409, 410})
_CONDITIONS = ("if-match", "if-unmodified-since")
_REASONS = {
    400: "nothing that a caller sends can break the contract",
    401: "nobody has to sign in",
    403: "nothing says who is refused",
    404: "a request names nothing that could be missing",
    409: "no unique key and no reference that the request could break",
    412: "no header of the request states a condition",
    415: "a body of any kind may come, or none",
    422: "nothing that a caller sends can break the contract",
    429: "limits belong to the whole service: API-RATE asks for them",
}
_UNKNOWN = "neither contract nor schema tells what it takes"


@dataclass(frozen=True, slots=True)
class Provokable:
    """What tests have to provoke of an operation."""

    groups: tuple[frozenset[int], ...]
    """Of each group one: two statuses stand together where either may be meant for the same request."""
    left: Mapping[int, str]
    """Declared refusal → why nobody asks a test for it."""
    some: frozenset[int] = frozenset()
    """Nobody knows what it takes to provoke these, but one of them can be: a hole has a reason to declare them."""

    @property
    def told(self) -> str:
        """The statuses that are left out, with their reasons: `not asked for: 409 (…)`; empty without any."""
        reasons = ", ".join(f"{status} ({why})" for status, why in self.left.items())
        return f"not asked for: {reasons}" if reasons else ""

    def missing(self, seen: Collection[int]) -> list[frozenset[int]]:
        """The groups of which none was among the answers."""
        return [one for one in self.groups if not one & set(seen)]


def declared_refusals(operation: Operation) -> frozenset[int]:
    """The refusals that the contract declares by their number."""
    names = {answer.status for answer in operation.answers}
    return frozenset(int(name) for name in names if name.isdigit() and 400 <= int(name) < 500)


def provoked(seen: Collection[int]) -> frozenset[int]:
    """The refusals that count as tested with these answers: which of 400 and 422 is meant, a service may decide."""
    return frozenset(seen) | (_MISFIT if _MISFIT & set(seen) else frozenset())


def refusal_problems(operation: Operation, asked: Provokable, seen: Collection[int]) -> list[str]:
    """Declared refusals that the tests leave out although they can provoke them."""
    missing = asked.missing(provoked(seen))
    problems = [f"no passing test asks {operation.key} without credentials"] if {401} in missing else []
    for group in missing:
        if group != {401}:
            named = " or ".join(map(str, sorted(group)))
            problems.append(f"no passing test provokes {named} of {operation.key}, which the contract declares")
    if asked.some and not missing and not asked.some & provoked(seen):
        named = ", ".join(map(str, sorted(asked.some)))
        problems.append(f"no passing test provokes a refusal of {operation.key}: the contract declares {named}")
    return problems


def provokable(bound: Bound, contract: Contract, catalog: Catalog) -> Provokable:
    """What a test can provoke of what the operation declares."""
    declared = declared_refusals(bound.operation)
    groups = tuple(dict.fromkeys(one for one in _groups(bound, contract, catalog, declared) if one))
    asked = frozenset[int]().union(*groups)
    unknown = {} if not bound.hole else dict.fromkeys((403, 409), _UNKNOWN)
    reasons = {**_REASONS, **unknown}
    left = {status: reasons.get(status, _UNKNOWN) for status in sorted(declared - asked)}
    return Provokable(groups, left, some=declared & _OF_HOLES if bound.hole and asked <= {401} else frozenset())


def _groups(bound: Bound, contract: Contract, catalog: Catalog, declared: frozenset[int]) -> Iterator[frozenset[int]]:
    operation, table = bound.operation, catalog.table(bound.table)
    if operation.security or bound.hole or bound.action in _WITH_CREDENTIALS:
        yield declared & {401}
    if _can_misfit(operation, contract):
        yield declared & _MISFIT
    if bound.scopes or (operation.protected and bound.owner and bound.action in _OF_ONE and bound.path):
        yield declared & {403}
    named = _names_a_thing(bound, contract)
    if named:
        yield declared & {404}
    if table is not None:
        yield declared & _of_constraints(bound, table, catalog, named=named)
    if any(one.location == "header" and one.name.lower() in _CONDITIONS for one in operation.parameters):
        yield declared & {412}
    if operation.body is not None and not any("*" in kind for kind in operation.body.content):
        yield declared & {415}


def _of_constraints(bound: Bound, table: Table, catalog: Catalog, *, named: bool) -> frozenset[int]:
    """What is meant for requests that break a unique key or a reference."""
    if _breaks_a_key(bound, table) or (
        bound.action is Action.DELETE and not bound.mark and _referred_to(table, catalog)
    ):
        return frozenset({409})
    if not _refers(bound, table):
        return frozenset()
    # What the body names and is not there may be a conflict, or not found where that is not said of the path already.
    return frozenset({409} if named else {404, 409})


def _breaks_a_key(bound: Bound, table: Table) -> bool:
    """True when another row can have what the request sets already."""
    sent = {one.column for one in bound.body if not one.secret and one.embedded is None}
    keys = [set(one.columns) for one in table.uniques if not one.partial]
    if bound.action in _CHANGES:
        return any(key & sent for key in keys)
    known = sent | {step.link for step in bound.path if step.link} | ({bound.owner} if bound.owner else set())
    return bound.action in _CREATES and any(key <= known for key in keys)


def _refers(bound: Bound, table: Table) -> bool:
    """True when the body names a row of another table."""
    keys = {key.columns[0] for key in table.foreign_keys if len(key.columns) == 1}
    writes = bound.action in (Action.CREATE, *_CHANGES)
    return writes and any(one.column in keys and one.embedded is None for one in bound.body)


def _referred_to(table: Table, catalog: Catalog) -> bool:
    """True when rows of another table can keep a row from being removed."""
    keys = (key for other in catalog.tables for key in other.foreign_keys if other.name != table.name)
    return any(key.table == table.name and key.on_delete in ("no action", "restrict") for key in keys)


def _names_a_thing(bound: Bound, contract: Contract) -> bool:
    """True when the path names a row, or for a hole whatever it may be."""
    names = [one for one in bound.operation.parameters if one.location == "path"]
    return bool(bound.path) or (bound.hole and any(not _schema(one, contract).get("enum") for one in names))


def _can_misfit(operation: Operation, contract: Contract) -> bool:
    """True when a request can be made that breaks the contract."""
    body = operation.body
    if body is not None and (body.required or body.json is not None):
        return True
    return any(_can_break(one, contract) for one in operation.parameters)


def _can_break(parameter: Parameter, contract: Contract) -> bool:
    schema = _schema(parameter, contract)
    if parameter.required and parameter.location != "path":
        return True
    kinds = schema.get("type")
    texts = kinds is None or kinds == "string" or (isinstance(kinds, list) and "string" in kinds)
    return not texts or any(name in schema for name in _BOUNDS)


def _schema(parameter: Parameter, contract: Contract) -> Schema:
    return contract.resolve(parameter.schema)
