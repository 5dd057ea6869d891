"""What an operation did, read back from the service and from the database behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from agent.binding.model import Action, Bound, Meta
from agent.binding.model import Field as BoundField
from agent.checklist.probe.asking import answered, carried
from agent.checklist.probe.exchange import Exchange, read_back, unequal
from agent.checklist.probe.judging import Notes, excerpt, matches, successes
from agent.checklist.probe.requests import Request, body_schema
from agent.checklist.probe.store import Row, comparable, differs
from agent.checklist.probe.users import token_in
from agent.checklist.probe.values import same, to_json
from agent.checklist.probe.world import World
from agent.checklist.stamps import unkept

_PATCHES = 3
_SHOWN = 120


async def read_effect(world: World, bound: Bound, exchange: Exchange, notes: Notes) -> None:
    """Note what the operation did, as far as it is not what its method and its contract say."""
    match bound.action:
        case Action.LIST:
            _listed(bound, exchange, notes)
        case Action.RETRIEVE | Action.ME:
            _retrieved(bound, exchange, notes)
        case Action.CREATE:
            await _created(world, bound, exchange, notes)
        case Action.REGISTER:
            _registered(world, bound, exchange, notes)
        case Action.LOGIN | Action.REFRESH:
            _token(world, bound, exchange, notes)
        case Action.REPLACE:
            await _replaced(world, bound, exchange, notes)
        case Action.PATCH:
            await _patched(world, bound, exchange, notes)
        case Action.DELETE:
            await _deleted(world, bound, exchange, notes)
        case Action.LOGOUT | None:
            pass
    _unchanged_by_reading(world, exchange, notes)


def _unchanged_by_reading(world: World, exchange: Exchange, notes: Notes) -> None:
    table, accounts = exchange.table, world.binding.accounts
    if table is None or not exchange.digest or (accounts is not None and table.name == accounts.table):
        return  # when somebody was last seen may be kept with the user
    if world.asker.store.digest(table) != exchange.digest:
        notes.note_effect(f"a GET changed rows of {table.name}", exchange.request)


def _listed(bound: Bound, exchange: Exchange, notes: Notes) -> None:
    things = carried(bound, exchange.reply)
    if not isinstance(things, list):
        where = ".".join(bound.envelope.data) or "the body"
        notes.note_effect(f"expected a list in {where}, got {excerpt(exchange.reply)}", exchange.request)
        return
    row = exchange.need.row
    if row is None:
        return
    if not things:
        notes.note_effect(f"the list is empty, although {row.table.name} holds {_key(row)}", exchange.request)
        return
    total = _total(bound, exchange)
    shown = [one for one in things if isinstance(one, dict)]
    if total is not None and total <= len(shown) and not any(_is(row, bound, one) for one in shown):
        notes.note_effect(f"all {total} rows are listed, but not {_key(row)} of {row.table.name}", exchange.request)


def _total(bound: Bound, exchange: Exchange) -> int | None:
    for path, meaning in bound.envelope.meta.items():
        if meaning is Meta.TOTAL:
            value = answered(exchange.reply)
            for name in path:
                value = value.get(name) if isinstance(value, dict) else None
            return value if isinstance(value, int) else None
    return None


def _is(row: Row, bound: Bound, thing: dict[str, Any]) -> bool:
    keys = [one for one in bound.answer if one.column in row.table.primary_key and one.embedded is None]
    return all(same(thing.get(one.property), to_json(row.values[one.column])) for one in keys)


def _retrieved(bound: Bound, exchange: Exchange, notes: Notes) -> None:
    thing, row = carried(bound, exchange.reply), exchange.need.row
    if row is None or not isinstance(thing, dict):
        return
    for problem in wrong_fields(row, bound.answer, thing):
        notes.note_effect(problem, exchange.request)


def wrong_fields(row: Row, fields: tuple[BoundField, ...], thing: dict[str, Any]) -> Iterator[str]:
    """Properties of an answer that are not what the row holds."""
    for one in fields:
        if one.embedded is None and one.property in thing and differs(row, one, thing[one.property]):
            yield (
                f"{one.property}: expected {to_json(row.values[one.column])!r} as {row.table.name}.{one.column} holds, "
                f"got {str(thing[one.property])[:_SHOWN]!r}"
            )


async def _created(world: World, bound: Bound, exchange: Exchange, notes: Notes) -> None:
    row = world.made_row(bound, exchange.reply, set(exchange.keys))
    if row is None or tuple(str(to_json(value)) for value in row.key.values()) in exchange.keys:
        notes.note_effect(f"answered {exchange.reply.status}, but {bound.table} has no new row", exchange.request)
        return
    for problem in unequal(row, bound, exchange.request.body):
        notes.note_effect(problem, exchange.request)
    _stamped(bound, exchange, None, row, notes)
    await _reads_the_same(world, bound, exchange, row, notes)


def _stamped(bound: Bound, exchange: Exchange, before: Row | None, after: Row, notes: Notes) -> None:
    for problem in unkept(bound, exchange.request.body, before, after):
        notes.stamps.append((after.table.name, problem, exchange.request.curl()))


async def _reads_the_same(world: World, bound: Bound, exchange: Exchange, row: Row, notes: Notes) -> None:
    """Ask for the row, and compare it with what was sent."""
    read = await read_back(world, bound, exchange, row, notes)
    if read is None:
        return
    other, request, reply = read
    if not matches(reply.status, successes(other.operation)):
        notes.note_effect(f"then {other.operation.key} → {reply.status} {excerpt(reply)}", request)
        return
    thing, sent = carried(other, reply), exchange.request.body
    if not isinstance(thing, dict) or not isinstance(sent, dict):
        return
    names = {one.column: one.property for one in bound.body if not one.secret and one.embedded is None}
    for one in other.answer:
        name = names.get(one.column, "")
        if name not in sent or one.property not in thing or one.embedded:
            continue  # what the other operation leaves out is its own breach
        if comparable(row.table.column(one.column)) and not same(sent[name], thing[one.property]):
            got = str(thing[one.property])[:_SHOWN]
            notes.note_effect(f"{name}: sent {sent[name]!r}, then {other.operation.key} gives {got!r}", request)


def _registered(world: World, bound: Bound, exchange: Exchange, notes: Notes) -> None:
    caller = world.users.registration(bound, exchange.request.body)
    if caller is not None and world.users.row(caller) is None:
        notes.note_effect(f"answered {exchange.reply.status}, but the user is not in the database", exchange.request)


def _token(world: World, bound: Bound, exchange: Exchange, notes: Notes) -> None:
    accounts = world.binding.accounts
    if accounts is not None and not token_in(exchange.reply, accounts.access_token):
        where = ".".join(accounts.access_token)
        notes.note_effect(f"the answer of {bound.operation.key} holds no token in {where}", exchange.request)


async def _replaced(world: World, bound: Bound, exchange: Exchange, notes: Notes) -> None:
    before = exchange.need.row
    after = world.asker.store.fresh(before) if before else None
    if before is None or after is None:
        notes.note_effect("the row is gone after it was replaced", exchange.request)
        return
    for problem in unequal(after, bound, exchange.request.body):
        notes.note_effect(problem, exchange.request)
    _stamped(bound, exchange, before, after, notes)
    await _reads_the_same(world, bound, exchange, after, notes)


async def _patched(world: World, bound: Bound, exchange: Exchange, notes: Notes) -> None:
    """The whole body first, as any other change; then one property alone, which must leave the others as they are."""
    before = exchange.need.row
    after = world.asker.store.fresh(before) if before else None
    if before is None or after is None:
        notes.note_effect("the row is gone after it was changed", exchange.request)
        return
    for problem in unequal(after, bound, exchange.request.body):
        notes.note_effect(problem, exchange.request)
    _stamped(bound, exchange, before, after, notes)
    await _reads_the_same(world, bound, exchange, after, notes)
    await _one_alone(world, bound, exchange, after, notes)


async def _one_alone(world: World, bound: Bound, exchange: Exchange, before: Row, notes: Notes) -> None:
    found = body_schema(bound.operation)
    body = exchange.request.body
    if found is None or not isinstance(body, dict):
        return
    required = set(world.asker.contract.resolve(found[1]).get("required", ()))
    for one in _patchable(bound, before)[:_PATCHES]:
        fuller = world.asker.made_up(found[1])
        if not isinstance(fuller, dict) or one.property not in fuller:
            continue
        sent = {name: body[name] for name in required if name in body} | {one.property: fuller[one.property]}
        request = replace(as_it_is_now(world.asker.refreshed(exchange.request), bound, before), body=sent)
        reply = await world.asker.send(request, notes)
        if not matches(reply.status, successes(bound.operation)):
            if 400 <= reply.status < 500 and reply.status not in (401, 404):
                continue  # this property may not change alone
            notes.note_effect(f"changing {one.property} alone → {reply.status} {excerpt(reply)}", request)
            return
        after = world.asker.store.fresh(before)
        if after is None:
            notes.note_effect(f"changing {one.property} alone removed the row", request)
            return
        for problem in (*unequal(after, bound, sent), *_overwritten(bound, world, before, after, sent)):
            notes.note_effect(problem, request)
        return


def as_it_is_now(request: Request, bound: Bound, row: Row) -> Request:
    """The request with the path of a row that may have been renamed by the last one."""
    own = [step for step in bound.path if step.table == bound.table and not step.joint]
    named = {step.parameter: to_json(row.values[step.column]) for step in own}
    return replace(request, path_values={**request.path_values, **named})


def _patchable(bound: Bound, row: Row) -> list[BoundField]:
    """The properties that can be changed alone, plain text first."""
    usable = [
        one
        for one in bound.body
        if not one.secret and one.embedded is None and comparable(row.table.column(one.column))
    ]
    references = {name for key in row.table.foreign_keys for name in key.columns}
    usable = [one for one in usable if one.column not in references]
    return sorted(usable, key=lambda one: _plainness(row, one.column))


def _plainness(row: Row, column: str) -> int:
    known = row.table.column(column)
    return 0 if known and known.base_type in ("text", "varchar") and not known.enum else 1


def _overwritten(bound: Bound, world: World, before: Row, after: Row, sent: dict[str, Any]) -> Iterator[str]:
    changed = {one.column for one in bound.body if one.property in sent}
    for other in world.binding.operations:
        for one in other.body if other.table == bound.table else ():
            known = before.table.column(one.column)
            if one.column in changed or known is None or known.generated or one.embedded:
                continue
            changed.add(one.column)
            if before.values[one.column] != after.values[one.column]:
                yield (
                    f"{one.column} was not sent, and changed from {to_json(before.values[one.column])!r} "
                    f"to {to_json(after.values[one.column])!r}"
                )


async def _deleted(world: World, bound: Bound, exchange: Exchange, notes: Notes) -> None:
    row = exchange.need.row
    after = world.asker.store.fresh(row) if row else None
    if row is None or after is None:
        return
    read = await read_back(world, bound, exchange, after, notes)
    if read is None:
        if after.values == row.values:
            notes.note_effect(
                f"answered {exchange.reply.status}, but {_key(row)} is still in {bound.table}", exchange.request
            )
    elif read[2].status not in (404, 410, 403, 401):
        notes.note_effect(
            f"answered {exchange.reply.status}, then {read[0].operation.key} → {read[2].status}; expected 404", read[1]
        )


def _key(row: Row) -> str:
    return ", ".join(f"{name} {to_json(value)}" for name, value in row.key.items())
