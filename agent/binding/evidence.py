"""What an operation was taken for, in words and with the reasons: for whoever is to agree with it."""

from __future__ import annotations

from collections.abc import Iterator

from agent.binding.columns import short
from agent.binding.corrections import Correction
from agent.binding.model import Action, Bound, Field
from agent.binding.namespaces import parts_of
from agent.binding.words import singular
from agent.catalog.model import Catalog

_KINDS = {
    Action.LIST: "a list of `{table}`",
    Action.RETRIEVE: "one of `{table}`",
    Action.CREATE: "adding to `{table}`",
    Action.REPLACE: "replacing one of `{table}`",
    Action.PATCH: "changing one of `{table}`",
    Action.DELETE: "removing one of `{table}`",
    Action.REGISTER: "registering in `{table}`",
    Action.LOGIN: "logging in against `{table}`",
    Action.REFRESH: "refreshing a session of `{table}`",
    Action.LOGOUT: "logging out",
    Action.ME: "the caller's own row of `{table}`",
}
_OWN_ACCOUNT = {Action.REPLACE: "replacing", Action.PATCH: "changing", Action.DELETE: "removing"}
_SESSIONS = frozenset({Action.REGISTER, Action.LOGIN, Action.REFRESH, Action.LOGOUT, Action.ME})


def taken_for(bound: Bound) -> str:
    """`a list of `orders` of the current user`; empty for a hole."""
    if bound.action is None:
        return ""
    whole = _KINDS[bound.action].format(table=bound.table)
    if bound.own_account:
        return f"{_OWN_ACCOUNT[bound.action]} the caller's own row of `{bound.table}`"
    own = bound.owner and bound.action is not Action.ME
    below = [step for step in bound.path if step.joint]
    place = f" below one of `{below[-1].table}`" if below else ""
    return f"{whole}{place}{' of the current user' if own else ''}"


def evidence(bound: Bound, catalog: Catalog, correction: Correction) -> tuple[str, ...]:
    """Why it was taken for that, each reason alone; empty for a hole."""
    return tuple(_reasons(bound, catalog, correction)) if bound.action is not None else ()


def columns(bound: Bound) -> dict[str, dict[str, str]]:
    """Which parts of the operation stand for which columns: path, query, body and answer."""
    parts = {
        "path": {step.parameter: f"{step.table}.{step.column}" for step in bound.path},
        "query": {one.parameter: ", ".join(f"{bound.table}.{name}" for name in one.columns) for one in bound.filters},
        "body": _fields(bound.table, bound.body),
        "answer": _fields(bound.table, bound.answer),
    }
    if bound.filled:
        parts["set by the service"] = {f"{bound.table}.{name}": str(fill) for name, fill in bound.filled.items()}
    return {part: found for part, found in parts.items() if found}


def _reasons(bound: Bound, catalog: Catalog, correction: Correction) -> Iterator[str]:
    method, path = bound.operation.method.upper(), bound.operation.path
    if bound.action in _SESSIONS:
        yield f"{method} on `{path}`, by what it takes and answers; `{bound.table}` holds the passwords"
    elif bound.own_account:
        yield f"{method} on `{path}`, which is the caller; `{bound.table}` holds the passwords"
    elif bound.action is not None:
        item = bool(bound.path) and not bound.path[-1].joint
        yield f"{method} on {'one item' if item else 'a collection'}"
        yield _of_table(bound, correction)
    for step in bound.path:
        yield f"`{{{step.parameter}}}` selects `{step.table}` by `{step.column}`"
        if step.joint:
            key = f", which holds its `{step.key}`" if step.key else ""
            yield f"what follows refers to `{step.table}` by `{step.joint}`{key}"
        if step.owner:
            yield f"only where `{step.table}.{step.owner}` is the caller"
    yield from _of_owner(bound, catalog, correction)
    if bound.mark and bound.action is Action.DELETE:
        yield f"removed rows of `{bound.table}` are marked in {_listed(bound.mark.columns)}, and left out everywhere"
    for guard in bound.guards:
        yield f"`{guard.here}` must refer to one of the caller's `{guard.table}`"
    if bound.scopes:
        yield f"the caller's token must name {' and '.join(f'`{scope}`' for scope in bound.scopes)}"
    if correction.callers:
        yield "plan: whoever is logged in may call it"


def _of_table(bound: Bound, correction: Correction) -> str:
    if correction.table:
        return f"plan: its rows are those of `{bound.table}`"
    parts = [part for part in parts_of(bound.operation.path) if singular(part) == singular(_short(bound.table))]
    return f"path part `{parts[-1]}` is the table `{bound.table}`" if parts else f"its path means `{bound.table}`"


def _of_owner(bound: Bound, catalog: Catalog, correction: Correction) -> Iterator[str]:
    table = catalog.table(bound.table)
    if correction.rows:
        yield f"plan: {'only the caller’s rows' if correction.rows == 'own' else 'the rows of all'}"
    if table is None or not bound.owner or bound.own_account or bound.action in _SESSIONS:
        return
    for key in table.foreign_keys:
        if bound.owner in key.columns:
            yield f"`{short(table)}.{bound.owner}` refers to `{key.table}`, and no body sets it"


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _short(table: str) -> str:
    return table.rsplit(".", 1)[-1]


def _fields(table: str, fields: tuple[Field, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in fields:
        if one.embedded is None:
            found[one.property] = f"{table}.{one.column}"
        else:
            inner = _fields(one.embedded.table, one.embedded.fields)
            found |= {f"{one.property}.{name}": column for name, column in inner.items()}
    return found
