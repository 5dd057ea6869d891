"""Errors provoked on purpose, as far as they belong to the meaning of an operation's statuses."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from agent.binding.model import Action, Bound
from agent.checklist.probe.exchange import Exchange
from agent.checklist.probe.judging import Notes, excerpt
from agent.checklist.probe.requests import ABSENT, Request, body_schema
from agent.checklist.probe.world import World
from agent.checklist.routes import parameters
from agent.contract.model import Operation
from agent.contract.sample import Violation, validate, violations

_UNKNOWN_NUMBER = 2_000_000_000


async def provoke(world: World, bound: Bound, exchange: Exchange, notes: Notes) -> None:
    """Note every error that is not answered with the status that it is meant for."""
    await _nobody(world, exchange, notes)
    await _unknown(world, bound, exchange, notes)
    await _invalid(world, bound, exchange, notes)
    await _twice(world, bound, exchange, notes)
    if bound.action is Action.LOGIN:
        await _wrong_password(world, bound, exchange, notes)


async def _nobody(world: World, exchange: Exchange, notes: Notes) -> None:
    """Without credentials a protected operation answers 401."""
    operation = exchange.request.operation
    if operation.protected:
        await _expect(world, exchange.request.without_credentials(), {401}, "without credentials", notes)


async def _unknown(world: World, bound: Bound, exchange: Exchange, notes: Notes) -> None:
    """What does not exist is 404, where the contract declares that."""
    operation = bound.operation
    names = parameters(operation.path)
    if not names or not _says(operation, 404):
        return
    steps = {step.parameter for step in bound.path} | set(world.guessed_path(operation))
    value = _unknown_value(world, operation, names[-1]) if names[-1] in steps else None
    if value is None:
        return
    request = replace(exchange.request, path_values={**exchange.request.path_values, names[-1]: value})
    await _expect(world, request, {404, 410}, f"with an unknown {names[-1]}", notes)


async def _invalid(world: World, bound: Bound, exchange: Exchange, notes: Notes) -> None:
    """A body that breaks its schema is 400 or 422, whichever the contract declares."""
    found = body_schema(bound.operation)
    if found is None or "json" not in found[0]:
        return
    wanted = {status for status in (400, 422) if _says(bound.operation, status)} or {400, 422}
    broken = _worst(world, bound)
    if broken is not None:
        request = replace(exchange.request, body=broken.value)
        await _expect(
            world, request, wanted, f"with a body that breaks its schema ({broken.pointer} {broken.why})", notes
        )


async def _twice(world: World, bound: Bound, exchange: Exchange, notes: Notes) -> None:
    """A second row with the same unique values is 409, where the contract declares that."""
    declared = any(answer.status == "409" for answer in bound.operation.answers)
    if bound.action not in (Action.CREATE, Action.REGISTER) or not declared:
        return
    if _unique_of(world, bound, exchange.request):
        await _expect(world, exchange.request, {409}, "the same again, which breaks a unique key", notes)


async def _wrong_password(world: World, bound: Bound, exchange: Exchange, notes: Notes) -> None:
    body = exchange.request.body
    secrets = [one.property for one in bound.body if one.secret]
    if not isinstance(body, dict) or not secrets:
        return
    wrong = {**body, **{name: f"{body[name]}x" for name in secrets if name in body}}
    wanted = {401} if _says(bound.operation, 401) else {400, 401, 403, 422}
    await _expect(world, replace(exchange.request, body=wrong), wanted, "with a wrong password", notes)


async def _expect(world: World, request: Request, wanted: Collection[int], how: str, notes: Notes) -> None:
    request = world.asker.refreshed(request)
    reply = await world.asker.send(request, notes)
    if reply.status not in wanted:
        got = f"{reply.status} {excerpt(reply)}" if reply.status else excerpt(reply)
        expected = " or ".join(map(str, sorted(wanted)))
        notes.note_status(f"{request.operation.key} {how}: expected {expected}, got {got}", request)


def _says(operation: Operation, status: int) -> bool:
    return any(answer.status.upper() in (str(status), f"{status // 100}XX") for answer in operation.answers)


def _unknown_value(world: World, operation: Operation, name: str) -> Any:
    schema = next((one.schema for one in operation.parameters if one.location == "path" and one.name == name), {})
    number = _UNKNOWN_NUMBER + world.asker.chance.randrange(10**8)
    for value in (
        str(uuid.UUID(int=world.asker.chance.getrandbits(128), version=4)),
        number,
        world.asker.made_up(schema),
    ):
        if value is not ABSENT and not validate(world.asker.contract, schema, value):
            return value
    return None


def _worst(world: World, bound: Bound) -> Violation | None:
    """The plainest way to break the body: something required left out, else a wrong type."""
    found = body_schema(bound.operation)
    broken = violations(world.asker.contract, found[1]) if found else ()
    ranked = sorted(broken, key=lambda one: ("required" not in one.why, "type" not in one.why, len(one.pointer)))
    return next(iter(ranked), None)


def _unique_of(world: World, bound: Bound, request: Request) -> bool:
    """True when a unique key of the table is filled by this request alone."""
    table = world.catalog.table(bound.table)
    if table is None or not isinstance(request.body, dict):
        return False
    given = {one.column for one in bound.body if request.body.get(one.property) is not None and not one.secret}
    given |= {step.link for step in bound.path if step.link} | ({bound.owner} if bound.owner else set())
    return any(not one.partial and set(one.columns) <= given for one in table.uniques)
