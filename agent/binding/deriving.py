"""From contract and catalog to the binding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.binding.columns import alone_unique
from agent.binding.drafting import Draft, draft
from agent.binding.envelopes import item_answer, list_answer
from agent.binding.fields import Answered
from agent.binding.inputs import Inputs, find_users, shared_prefix, success_shape
from agent.binding.lists import filters, paging, sorting
from agent.binding.model import Accounts, Action, Binding, Bound, Envelope, TokenPart
from agent.binding.owning import READS, Asked, Holdings, owner_column, ownership, reads_own
from agent.binding.paths import nearest
from agent.binding.permissions import is_bearer
from agent.binding.reasons import Undecided
from agent.binding.sessions import login_fields, presented_token, session_answer, tokens_in
from agent.binding.storing import CREATES, demand_sources, filled, settled
from agent.binding.words import identifier, snake
from agent.catalog.model import Catalog, Column, Table
from agent.contract.model import Contract, Operation

_SESSION = frozenset({Action.LOGIN, Action.REFRESH, Action.LOGOUT, Action.ME, Action.REGISTER})


def bind(contract: Contract, catalog: Catalog) -> Binding:
    """What every operation does with which table. Pure: the same input gives the same binding.

    An operation that cannot be derived is a hole with its reason; nothing is raised for it.
    """
    inputs = Inputs(contract, catalog, find_users(catalog), shared_prefix(contract, catalog))
    drafts: dict[str, Draft] = {}
    holes: dict[str, Bound] = {}
    for operation in contract.operations:
        try:
            drafts[operation.key] = draft(inputs, operation)
        except Undecided as problem:
            holes[operation.key] = _hole(inputs, operation, problem)
    inputs = replace(inputs, settled=settled(catalog, drafts.values()))
    holdings = _holdings(inputs, drafts.values())
    bounds = tuple(
        holes.get(operation.key) or _bound(inputs, holdings, drafts[operation.key]) for operation in contract.operations
    )
    bounds = _without_orphans(inputs, bounds)
    return Binding(bounds, _accounts(inputs, bounds))


def _hole(inputs: Inputs, operation: Operation, problem: Undecided) -> Bound:
    table, part = nearest(inputs, operation)
    resource = identifier(table.name if table else part)
    return Bound(operation, None, str(problem), table.name if table else "", resource=resource)


def _bound(inputs: Inputs, holdings: Holdings, one: Draft) -> Bound:
    try:
        return _session(inputs, one) if one.action in _SESSION else _rows(inputs, holdings, one)
    except Undecided as problem:
        return _hole(inputs, one.operation, problem)


def _rows(inputs: Inputs, holdings: Holdings, one: Draft) -> Bound:
    table = _table(one)
    envelope, answer = _answer(inputs, one, table)
    asked = Asked(one.operation, one.action, table, one.path, answer.fields, one.mine)
    owning = ownership(inputs, holdings, asked)
    fills = filled(one, table) if one.action not in READS | {Action.DELETE} else {}
    demand_sources(one, table, owning.owner, fills)
    is_list = one.action is Action.LIST
    return Bound(
        operation=one.operation,
        action=one.action,
        table=table.name,
        path=owning.path,
        owner=owning.owner,
        body=tuple(written.field for written in one.body),
        answer=answer.fields,
        envelope=envelope,
        filters=filters(inputs, one.operation, table, answer.fields) if is_list else (),
        paging=paging(inputs, one.operation) if is_list else None,
        sorting=sorting(inputs, one.operation, table, answer.fields) if is_list else None,
        resource=identifier(table.name),
        guards=owning.guards,
        filled=fills,
        left_out=answer.left_out,
    )


def _answer(inputs: Inputs, one: Draft, table: Table) -> tuple[Envelope, Answered]:
    if one.action is Action.LIST:
        return list_answer(inputs, one.operation, table)
    envelope, answer = item_answer(inputs, one.operation, table)
    if one.action is Action.RETRIEVE and not answer.fields:
        raise Undecided("an item is asked for, and no JSON answer is declared")
    return envelope, answer


def _session(inputs: Inputs, one: Draft) -> Bound:
    users = inputs.users
    if users is None:
        raise Undecided("the schema has no table of users with a password")
    bound = Bound(one.operation, one.action, table=users.table.name, resource="auth")
    match one.action:
        case Action.LOGIN:
            bound = replace(bound, body=login_fields(inputs, users, one.operation))
        case Action.REFRESH:
            bound = replace(bound, presented=presented_token(inputs, one.operation))
        case Action.REGISTER:
            fills = filled(one, users.table)
            demand_sources(one, users.table, None, fills)
            bound = replace(bound, body=tuple(written.field for written in one.body), filled=fills)
        case Action.LOGOUT:
            if success_shape(inputs, one.operation) is not None:
                raise Undecided("a logout that answers something: nothing gives it")
            return replace(bound, presented=presented_token(inputs, one.operation))
    success = success_shape(inputs, one.operation)
    if success is not None and TokenPart.ACCESS in tokens_in(inputs, success).values():
        session = session_answer(inputs, users, one.operation)
        return replace(
            bound,
            tokens=session.tokens,
            answer=session.answer,
            envelope=session.envelope,
            left_out=session.left_out,
        )
    envelope, answer = item_answer(inputs, one.operation, users.table)
    owner = users.id.name if one.action is Action.ME else None
    return replace(bound, envelope=envelope, answer=answer.fields, left_out=answer.left_out, owner=owner)


def _holdings(inputs: Inputs, drafts: Iterable[Draft]) -> Holdings:
    known = list(drafts)
    written = {
        table.name: frozenset(
            field.field.column for one in known if one.action in CREATES and one.table == table for field in one.body
        )
        for table in inputs.catalog.tables
    }
    holdings = Holdings(written)
    owners: dict[str, Column] = {}
    private: set[str] = set()
    unclear: dict[str, str] = {}
    for table in inputs.catalog.tables:
        try:
            owner = owner_column(inputs, holdings, table)
        except Undecided as problem:
            unclear[table.name] = str(problem)
            continue
        if owner is not None:
            owners[table.name] = owner
    for name in owners:
        try:
            if _is_private(inputs, holdings, [one for one in known if one.table and one.table.name == name]):
                private.add(name)
        except Undecided as problem:
            unclear[name] = str(problem)
    return Holdings(written, owners, frozenset(private), unclear)


def _is_private(inputs: Inputs, holdings: Holdings, drafts: list[Draft]) -> bool:
    """True when every way to read the rows shows only the caller's own."""
    for one in drafts:
        table = _table(one)
        owner = owner_column(inputs, holdings, table)
        if one.action not in READS or owner is None:
            continue
        answer = _answer(inputs, one, table)[1].fields
        parents = sum(step.joint is not None for step in one.path)
        if not one.mine and not reads_own(one.operation, table, owner, answer, parents):
            return False
    return True


def _table(one: Draft) -> Table:
    if one.table is None:
        raise Undecided("no table is known")
    return one.table


def _without_orphans(inputs: Inputs, bounds: tuple[Bound, ...]) -> tuple[Bound, ...]:
    """Make holes of operations that need a refresh token when no login gives one."""
    given = any(
        TokenPart.REFRESH in one.tokens.values() for one in bounds if one.action in {Action.LOGIN, Action.REGISTER}
    )
    problem = Undecided("no login answers a refresh token")
    return tuple(_hole(inputs, one.operation, problem) if one.presented and not given else one for one in bounds)


def _accounts(inputs: Inputs, bounds: tuple[Bound, ...]) -> Accounts | None:
    """Where callers come from; None when nobody logs in and nothing asks who calls."""
    users = inputs.users
    schemes = [name for name in sorted(inputs.contract.security_schemes) if is_bearer(inputs, name)]
    used = [name for one in bounds for names in one.operation.security for name in sorted(names) if name in schemes]
    if users is None or not schemes:
        return None
    login = _first(bounds, Action.LOGIN)
    named = [field.column for field in login.body if not field.secret] if login else []
    tokens = {part: path for path, part in login.tokens.items()} if login else {}
    register, refresh = _first(bounds, Action.REGISTER), _first(bounds, Action.REFRESH)
    return Accounts(
        table=users.table.name,
        id_column=users.id.name,
        login_column=named[0] if named else _usual_login(users.table),
        password_column=users.password.name,
        scheme=(used or schemes)[0],
        role_column=next((column.name for column in users.rights if snake(column.name).startswith("role")), None),
        register=register.operation.key if register else None,
        login=login.operation.key if login else None,
        refresh=refresh.operation.key if refresh else None,
        access_token=tokens.get(TokenPart.ACCESS, ("access_token",)),
        refresh_token=tokens.get(TokenPart.REFRESH),
    )


def _usual_login(table: Table) -> str:
    unique = alone_unique(table)
    names = [name for name in ("email", "username", "login") if table.column(name)]
    return next((name for name in names if name in unique), next(iter(names), ""))


def _first(bounds: tuple[Bound, ...], action: Action) -> Bound | None:
    """The first operation of that kind, those with JSON bodies before forms."""
    found = [one for one in bounds if one.action is action]
    found.sort(key=lambda one: one.operation.body is None or one.operation.body.json is None)
    return found[0] if found else None
