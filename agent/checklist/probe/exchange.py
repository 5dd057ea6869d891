"""One request on the main path with everything that is needed to judge its effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from agent.binding.model import Action, Bound
from agent.binding.words import words
from agent.catalog.model import Table
from agent.checklist.probe.accounts import Caller, NoCredentials
from agent.checklist.probe.judging import Notes, declared_answer, matches, successes
from agent.checklist.probe.requests import Request
from agent.checklist.probe.states import states
from agent.checklist.probe.store import NoRow, Row, differs
from agent.checklist.probe.world import Need, World
from agent.checklist.routes import parameters
from agent.checklist.running import Reply

_ON_ITS_ROW = (Action.RETRIEVE, Action.REPLACE, Action.PATCH, Action.DELETE, Action.LIST)
_ROLES = 2
_OWN = frozenset(
    {"me", "account", "profile", "password", "passwords", "session", "sessions", "logout", "token", "tokens"}
)
"""Words in the path of an operation that changes the caller or ends a session."""
_CHANGING = ("post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, its answer, and the table before it."""

    need: Need
    request: Request
    reply: Reply
    table: Table | None
    keys: frozenset[tuple[str, ...]]
    """The table's keys before the request."""
    digest: str
    """The table's content before the request."""


async def main_path(world: World, bound: Bound, notes: Notes) -> Exchange:
    """Ask the operation until it answers with a declared success, or until every state that can be made was tried.

    Gives the first answer when none is a success. Raises `NoCredentials` and `NoRow`.
    """
    caller = await caller_for(world, bound)
    first = await _attempt(world, bound, caller, notes, fresh=False)
    world.asker.demand_let_in(first.request, first.reply)
    if not _worth_another(bound, first.reply):
        return first
    roles = world.users.roles()[:_ROLES] if first.reply.status == 403 else ()
    for role in roles or (None,) * _ROLES:
        actor = await world.users.caller(f"as {role}", role=role) if role else caller
        exchange = await _attempt(world, bound, actor, notes, fresh=True)
        if not _worth_another(bound, exchange.reply):
            return exchange
    return first


async def _attempt(world: World, bound: Bound, actor: Caller | None, notes: Notes, *, fresh: bool) -> Exchange:
    """Ask once; where another state of the row may be accepted, with every state that can be made."""
    need = await _need(world, bound, actor, fresh=fresh)
    exchange = await _ask(world, bound, need, notes)
    if need.row is None or not (fresh or bound.hole):
        return exchange
    for state in states(world.catalog, need.row.table):
        if not _worth_another(bound, exchange.reply):
            break
        changed = world.asker.store.change(need.row, state)
        if changed is not None:
            exchange = await _ask(world, bound, Need(actor, changed, need.fixed, need.fresh), notes)
    return exchange


async def caller_for(world: World, bound: Bound) -> Caller | None:
    """Who calls: one user for all, and one of its own for an operation that changes users or ends sessions."""
    accounts = world.binding.accounts
    changes_users = accounts is not None and subject_table(world, bound) == accounts.table
    changes_users = changes_users or (bound.hole and not _OWN.isdisjoint(words(bound.operation.path)))
    own = bound.action in (Action.LOGOUT, Action.REFRESH) or (changes_users and bound.operation.method in _CHANGING)
    try:
        if bound.action in (Action.LOGIN, Action.REGISTER):
            return None
        return await world.users.caller(f"for {bound.operation.key}" if own else "first")
    except NoCredentials:
        if bound.operation.protected:
            raise
        return None


def subject_table(world: World, bound: Bound) -> str | None:
    """The table whose row the operation is about; None for one that is about no row that exists before."""
    accounts = world.binding.accounts
    if bound.action is Action.ME:
        return accounts.table if accounts else None
    if bound.action in _ON_ITS_ROW:
        return bound.table
    if bound.hole and parameters(bound.operation.path):
        table = world.path_table(bound)
        return table.name if table else None
    return None


def follow_up(bound: Bound, world: World, request: Request) -> Bound | None:
    """The operation that reads one row of the same table, when its path asks for nothing but what is known."""
    for other in world.binding.operations:
        if other.action is Action.RETRIEVE and other.table == bound.table and other is not bound:
            return other
    return bound if bound.action is Action.RETRIEVE and request.method == "GET" else None


async def read_back(
    world: World, bound: Bound, exchange: Exchange, row: Row, notes: Notes
) -> tuple[Bound, Request, Reply] | None:
    """Ask the retrieve operation of the table for a row; None when there is none."""
    other = follow_up(bound, world, exchange.request)
    if other is None:
        return None
    need = Need(exchange.need.caller, row)
    try:
        request = await world.request(other, need)
    except (NoRow, NoCredentials):
        return None
    return other, request, await world.asker.send(request, notes)


def unequal(row: Row, bound: Bound, body: Any) -> list[str]:
    """The sent properties that the row does not hold."""
    if not isinstance(body, dict):
        return []
    return [
        f"{one.property}: sent {body[one.property]!r}, the database holds {row.values.get(one.column)!r}"
        for one in bound.body
        if one.property in body and not one.secret and one.embedded is None and differs(row, one, body[one.property])
    ]


async def prepared(world: World, bound: Bound, *, fresh: bool = False) -> Exchange:
    """A request that should be accepted, made and not sent: its answer has status 0.

    Raises `NoCredentials` and `NoRow`.
    """
    need = await _need(world, bound, await caller_for(world, bound), fresh=fresh)
    request = await world.request(bound, need)
    table = world.catalog.table(bound.table)
    return Exchange(need, request, Reply(0, httpx.Headers(), b"", 0.0), table, frozenset(), "")


async def _need(world: World, bound: Bound, caller: Caller | None, *, fresh: bool) -> Need:
    table = subject_table(world, bound)
    if table is None:
        return Need(caller, fresh=fresh)
    used_up = bound.action is Action.DELETE or (bound.hole and bound.operation.method in _CHANGING)
    try:
        row = await world.row(table, caller, fresh=fresh or used_up)
    except NoRow:
        if bound.action is Action.LIST:
            return Need(caller, fresh=fresh)
        raise
    return Need(caller, row, fresh=fresh)


async def _ask(world: World, bound: Bound, need: Need, notes: Notes) -> Exchange:
    table = world.catalog.table(bound.table)
    request = await world.request(bound, need)
    store = world.asker.store
    keys = frozenset(store.keys(table)) if table else frozenset()
    digest = store.digest(table) if table and request.method == "GET" else ""
    return Exchange(need, request, await world.asker.send(request, notes), table, keys, digest)


def _worth_another(bound: Bound, reply: Reply) -> bool:
    """True for a refusal that the contract declares: another row, another user or another state may be accepted."""
    operation = bound.operation
    refused = 400 <= reply.status < 500 and reply.status != 401
    return (
        refused and not matches(reply.status, successes(operation)) and bool(declared_answer(operation, reply.status))
    )
