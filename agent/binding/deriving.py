"""From contract and catalog to the binding."""

from __future__ import annotations

from dataclasses import replace

from agent.binding.accounts import accounts_of
from agent.binding.callers import Proof, TokenPart
from agent.binding.corrections import Corrections
from agent.binding.drafting import Draft, draft
from agent.binding.envelopes import confirmation, item_answer, row_answer
from agent.binding.fields import Answered
from agent.binding.holding import holdings_of
from agent.binding.inputs import Inputs, read_together, success_shape, why_no_users
from agent.binding.lists import filters, paging, sorting
from agent.binding.model import Action, Binding, Bound, Envelope
from agent.binding.owning import READS, Asked, Holdings, ownership
from agent.binding.paths import nearest
from agent.binding.permissions import demands_of, scopes_of
from agent.binding.proofs import keys_of, proofs_of
from agent.binding.reasons import Undecided
from agent.binding.sessions import login_fields, presented_token, session_answer, tokens_in
from agent.binding.storing import demand_sources, filled, settled
from agent.binding.words import identifier
from agent.binding.wrapping import unwrapped
from agent.catalog.model import Catalog
from agent.contract.model import Contract, Operation

_SESSION = frozenset({Action.LOGIN, Action.REFRESH, Action.LOGOUT, Action.ME, Action.REGISTER})


def bind(contract: Contract, catalog: Catalog, corrections: Corrections = Corrections()) -> Binding:
    """What every operation does with which table. Pure: the same input gives the same binding.

    What a person corrected is followed where it can be, and never derived otherwise.

    An operation that cannot be derived is a hole with its reason; nothing is raised for it.
    """
    inputs = read_together(contract, catalog, corrections)
    drafts: dict[str, Draft] = {}
    holes: dict[str, Bound] = {}
    for operation in contract.operations:
        try:
            drafts[operation.key] = draft(inputs, unwrapped(inputs, operation))
        except Undecided as problem:
            holes[operation.key] = _hole(inputs, operation, problem)
    inputs = replace(inputs, settled=settled(catalog, drafts.values()))
    holdings = holdings_of(inputs, drafts.values())
    bounds = tuple(
        holes.get(operation.key) or _bound(inputs, holdings, drafts[operation.key]) for operation in contract.operations
    )
    bounds = _without_orphans(inputs, bounds)
    binding = Binding(bounds, accounts_of(inputs, bounds), proofs_of(contract), keys_of(inputs), inputs.marks)
    named = (_named(inputs, binding, one) for one in bounds)
    return replace(binding, operations=tuple(_permitted(inputs, one) for one in named))


def _permitted(inputs: Inputs, one: Bound) -> Bound:
    return replace(one, scopes=scopes_of(inputs, one.operation), demands=demands_of(inputs, one.operation))


def _hole(inputs: Inputs, operation: Operation, problem: Undecided) -> Bound:
    table, part = nearest(inputs, operation)
    resource = identifier(table.name if table else part)
    operation = inputs.contract.operation(operation.key)
    return Bound(operation, None, str(problem), table.name if table else "", resource=resource)


def _bound(inputs: Inputs, holdings: Holdings, one: Draft) -> Bound:
    try:
        return _session(inputs, one) if one.action in _SESSION else _rows(inputs, holdings, one)
    except Undecided as problem:
        return _hole(inputs, one.operation, problem)


def _rows(inputs: Inputs, holdings: Holdings, one: Draft) -> Bound:
    table = one.table
    confirmed = confirmation(inputs, one.operation, table) if one.action is Action.DELETE else {}
    envelope, answer = (
        (Envelope(), Answered((), ())) if confirmed else row_answer(inputs, one.operation, one.action, table)
    )
    asked = Asked(one.operation, one.action, table, one.path, answer.fields, one.mine)
    owning = ownership(inputs, holdings, asked)
    fills = filled(one, table) if one.action not in READS | {Action.DELETE} else {}
    demand_sources(one, table, owning.owner, fills)
    is_list = one.action is Action.LIST
    mark = inputs.marks.get(table.name)
    told = {field.column for field in answer.fields}
    if mark is not None and one.action is Action.DELETE and told & set(mark.columns):
        raise Undecided(f"the answer shows `{mark.columns[0]}`, and nothing says whether as it was or as it is then")
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
        paging=paging(inputs, one.operation, table) if is_list else None,
        sorting=sorting(inputs, one.operation, table, answer.fields) if is_list else None,
        resource="auth" if asked.own_account else identifier(table.name),
        guards=owning.guards,
        filled=fills,
        left_out=answer.left_out,
        fixed=answer.fixed,
        confirmed=confirmed,
        mark=mark,
    )


def _session(inputs: Inputs, one: Draft) -> Bound:
    users = inputs.users
    if users is None:
        raise Undecided(why_no_users(inputs.catalog))
    mark = inputs.marks.get(users.table.name)
    bound = Bound(one.operation, one.action, table=users.table.name, resource="auth", mark=mark)
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
    success = None if one.action is Action.ME else success_shape(inputs, one.operation)
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
    bound = replace(bound, envelope=envelope, answer=answer.fields, fixed=answer.fixed)
    return replace(bound, left_out=answer.left_out, owner=owner)


def _named(inputs: Inputs, binding: Binding, one: Bound) -> Bound:
    """A hole where the caller must be a user, and may come with a key that names none."""
    if one.hole or not binding.nameless_keys or Proof.KEY not in binding.alone(one.operation):
        return one
    if not (one.owner or one.owned or one.action in _SESSION):
        return one
    return _hole(inputs, one.operation, Undecided("an API key names no user, and this is about what belongs to one"))


def _without_orphans(inputs: Inputs, bounds: tuple[Bound, ...]) -> tuple[Bound, ...]:
    """Make holes of operations that need a refresh token when no login gives one."""
    given = any(
        TokenPart.REFRESH in one.tokens.values() for one in bounds if one.action in {Action.LOGIN, Action.REGISTER}
    )
    problem = Undecided("no login answers a refresh token")
    return tuple(_hole(inputs, one.operation, problem) if one.presented and not given else one for one in bounds)
