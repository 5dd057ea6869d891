"""AUT-OWNER: what belongs to one user is asked for by another, and neither seen nor touched; scopes are looked at.

Whose rows are whose is read from the binding: foreign keys to the users' table that no body writes, on the row itself,
on the rows above it in the path, or on those that a body refers to.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.binding.model import Action, Bound
from agent.checklist.probe.accounts import Caller, NoCredentials, credentials
from agent.checklist.probe.asking import carried
from agent.checklist.probe.judging import excerpt, matches, successes
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import NoRow, Row
from agent.checklist.probe.values import to_json
from agent.checklist.probe.variants import variants
from agent.checklist.probe.world import Need
from agent.checklist.running import Reply
from agent.checklist.security.round import Round
from agent.checklist.security.scopes import Shown, ask_without_scopes
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "AUT-OWNER": "headers: one user's rows asked for by another, and tokens that lack a scope, by operation",
}

_REFUSALS = (403, 404, 410)
_INVALID = (400, 422)


async def judge_owners(probes: Round) -> tuple[Receipt, ...]:
    """Settle every operation that is owed. Raises `NoCredentials` when nobody can call."""
    receipts: list[Receipt] = []
    for bound in probes.world.binding.operations:
        if bound.operation.key in probes.owing.subjects("AUT-OWNER"):
            receipts += await _judge(probes, bound)
    return tuple(receipts)


async def _judge(probes: Round, bound: Bound) -> tuple[Receipt, ...]:
    """By whose rows they are, and by what tokens name; both have to hold."""
    owned = bound.owned and not bound.hole
    found = [
        *([await _owned(probes, bound)] if owned else []),
        *([await _scoped(probes, bound)] if bound.demands else []),
    ]
    key, problems = bound.operation.key, [problem for one in found for problem in one.problems]
    unknown = next((one.unknown for one in found if one.unknown), "")
    if unknown and not problems:
        kept = "; that it is hidden from other users was shown" if owned else ""
        return probes.owing.leave("AUT-OWNER", unknown + kept, subject=key)
    return probes.judge(
        "AUT-OWNER",
        problems,
        subject=key,
        ran=f"{key} {', and '.join(one.ran for one in found)}",
        found="; ".join(one.found for one in found),
        reproduce=next((one.reproduce for one in found if one.problems), ""),
        seconds=sum(one.seconds for one in found),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What one way of asking has shown of an operation."""

    problems: list[str]
    ran: str
    found: str
    seconds: float
    reproduce: str = ""
    unknown: str = ""


async def _scoped(probes: Round, bound: Bound) -> _Found:
    started = time.perf_counter()
    try:
        shown = await ask_without_scopes(probes, bound)
    except (NoCredentials, NoRow) as error:
        shown = Shown([f"it could not be asked: {error}"])
    ran = f"with tokens that have {'; '.join(shown.tried)}" if shown.tried else "with tokens that lack a scope"
    seconds = time.perf_counter() - started
    found = "401 or 403 for each, one that names all is let in"
    return _Found(shown.problems, ran, found, seconds, shown.reproduce, shown.unknown)


async def _owned(probes: Round, bound: Bound) -> _Found:
    started = time.perf_counter()
    problems, reproduce = list[str](), ""
    try:
        owner, stranger = await probes.caller("an owner"), await probes.caller("a stranger")
        if owner is None or stranger is None:
            problems.append("nobody can call it")
        else:
            request = await _as_stranger(probes, bound, owner, stranger, problems)
            reproduce = f"{request.curl()}  # as a user who is not {_id(owner)}"
    except (NoCredentials, NoRow) as error:
        problems.append(f"it could not be asked: {error}")
    ran, found = (
        "for what is another user's, then by its owner",
        "hidden from the other, and as it was; the owner is let in",
    )
    return _Found(problems, ran, found, time.perf_counter() - started, reproduce)


async def _as_stranger(probes: Round, bound: Bound, owner: Caller, stranger: Caller, problems: list[str]) -> Request:
    """Ask for the owner's row as somebody else, look what became of it, and then ask as the owner."""
    request, need = await _owners_request(probes, bound, owner)
    foreign = replace(request, credentials=dict(credentials(bound.operation, probes.case.contract, stranger)))
    below = bool(bound.guards) or any(step.owner for step in bound.path)
    if bound.action is Action.CREATE and not below:
        return await _naming(probes, bound, foreign, owner, problems)
    if bound.action is Action.LIST and not below:
        asked = await _listing(probes, bound, foreign, need.row, (owner, stranger), problems)
    else:
        for one in variants(bound, foreign, need.row):
            asked = one.request
            await _touching(probes, bound, asked, need.row, problems, invalid=one.name != "plain")
            if problems:
                break
    own = await probes.send(probes.world.asker.refreshed(request))
    if not matches(own.status, successes(bound.operation)):
        problems.append(f"its owner is refused too, so nothing was shown: {own.status} {excerpt(own)}")
    elif bound.action is Action.LIST and carried(bound, own) == [] and need.row is not None:
        problems.append("its owner is shown nothing either, so nothing was shown")
    return asked


async def _owners_request(probes: Round, bound: Bound, owner: Caller) -> tuple[Request, Need]:
    """A request of the owner's, to a row that nothing else was done to."""
    if bound.action is Action.CREATE:
        need = Need(owner, fresh=True)
        return await probes.world.request(bound, need), need
    accounts = probes.world.binding.accounts
    own_account = accounts is not None and bound.table == accounts.table
    return await probes.request(bound, owner, fresh=not own_account)


async def _listing(
    probes: Round,
    bound: Bound,
    foreign: Request,
    row: Row | None,
    both: tuple[Caller, Caller],
    problems: list[str],
) -> Request:
    """List as somebody else, also filtered, sorted, and by filters that name the owner; what showed another's rows."""
    owner, stranger = both
    by_owner = [one.parameter for one in bound.filters if bound.owner in one.columns]
    asked = [one.request for one in variants(bound, foreign, row)]
    asked += [replace(foreign, query={**foreign.query, name: to_json(owner.id)}) for name in by_owner]
    for request in asked:
        reply = await probes.send(request)
        problem = _shows_others(probes, bound, reply, row, stranger)
        if problem:
            problems.append(problem)
            return request
    return foreign


async def _naming(probes: Round, bound: Bound, foreign: Request, owner: Caller, problems: list[str]) -> Request:
    """Create as somebody else, and name the owner in the body: the new row must not be theirs."""
    store, table = probes.world.asker.store, probes.world.catalog.table(bound.table)
    assert table is not None
    assert bound.owner is not None
    first, *rest = bound.owner.split("_")
    names = {bound.owner, first + "".join(map(str.capitalize, rest))}
    body = foreign.body if isinstance(foreign.body, dict) else {}
    named = replace(foreign, body={**body, **dict.fromkeys(names, to_json(owner.id))})
    keys = store.keys(table)
    reply = await probes.send(probes.world.asker.refreshed(named))
    theirs = [row for key in store.keys(table) - keys if (row := store.by_key(table, key))]
    if any(row.values[bound.owner] == owner.id for row in theirs):
        said = " and ".join(sorted(names))
        problems.append(f"a body that names another user in {said} → {reply.status}, and the row is theirs")
    elif not theirs and 200 <= reply.status < 300:
        problems.append(f"{reply.status}, but {table.name} has no new row, so nothing was shown")
    return named


async def _touching(
    probes: Round, bound: Bound, foreign: Request, row: Row | None, problems: list[str], *, invalid: bool
) -> None:
    """Read, change, delete, or add below what is another user's; `invalid`: nobody may be allowed to ask like this."""
    store, table = probes.world.asker.store, probes.world.catalog.table(bound.table)
    keys = store.keys(table) if table else set()
    reply = await probes.send(probes.world.asker.refreshed(foreign))
    refusals = (*_REFUSALS, *_INVALID) if invalid else _REFUSALS
    if reply.status not in refusals and not (bound.action is Action.LIST and carried(bound, reply) == []):
        problems.append(f"somebody else: expected 403 or 404, got {reply.status or 'no answer'}")
    after = store.fresh(row) if row else None
    if row is not None and (after is None or after.values != row.values):
        problems.append(f"the row of the other user is {'changed' if after else 'gone'}")
    if table is not None and store.keys(table) - keys:
        problems.append(f"{table.name} has a new row below what is the other user's")


def _shows_others(probes: Round, bound: Bound, reply: Reply, row: Row | None, stranger: Caller) -> str:
    """What a list shows that is not the caller's, by the rows that the database has for it; empty: nothing."""
    things, table = carried(bound, reply), probes.world.catalog.table(bound.table)
    if not isinstance(things, list) or table is None:
        return ""
    for thing in things:
        found = probes.world.asker.store.find(table, _key_in(bound, thing, table.primary_key))
        if found is None:
            continue
        others = bound.owner is not None and found.values[bound.owner] != stranger.id
        if others or (row is not None and found.key == row.key):
            return f"the list shows {', '.join(str(to_json(one)) for one in found.key.values())}, another user's"
    return ""


def _key_in(bound: Bound, thing: Any, primary_key: tuple[str, ...]) -> dict[str, Any]:
    names = {one.column: one.property for one in bound.answer if one.column in primary_key and one.embedded is None}
    if not isinstance(thing, dict) or len(names) < len(primary_key):
        return {}
    return {column: thing.get(name) for column, name in names.items()}


def _id(caller: Caller) -> str:
    return str(to_json(caller.id))
