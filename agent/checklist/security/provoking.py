"""Every kind of answer that a service gives, drawn out of it: strange paths and methods, bad bodies, failures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
from psycopg.sql import SQL, Identifier

from agent.binding.model import Bound
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.exchange import caller_for
from agent.checklist.probe.requests import Request, body_schema
from agent.checklist.probe.store import NoRow
from agent.checklist.routes import erased
from agent.checklist.security.round import Round

_METHODS = ("DELETE", "PATCH", "PUT", "POST", "GET")
_OVER_TLS = {"X-Forwarded-Proto": "https"}
_PREFLIGHT = {"Origin": "https://elsewhere.example", "Access-Control-Request-Headers": "content-type"}
_LARGE_BODY = b'"' + b"x" * (3 << 20) + b'"'
_BROKEN = 8
"""Operations that are asked while the tables are gone."""
_LOCK_WAIT = "SET lock_timeout = '3s'"


async def provoke(probes: Round) -> None:
    """Ask for what is not there, in ways that are not offered, with bodies that cannot be read, and while it fails."""
    await _strange_paths(probes)
    good = [request for bound in probes.world.binding.operations if (request := await _strange_bodies(probes, bound))]
    await _while_broken(probes, good)


async def _strange_paths(probes: Round) -> None:
    base = probes.case.contract.base_path
    unknown = f"/{probes.world.asker.chance.getrandbits(48):012x}"
    for target in ("/", unknown, base + unknown, "//", f"{base}/"):
        await _ask(probes, "GET", target)
    offered: dict[str, set[str]] = {}
    for operation in probes.case.contract.operations:
        offered.setdefault(erased(operation.path), set()).add(operation.method.upper())
    for path, methods in offered.items():
        target = base + path.replace("{}", unknown.strip("/"))
        other = next((one for one in _METHODS if one not in methods), "")
        for method in (other, "OPTIONS", "HEAD"):
            if method:
                await _ask(probes, method, target)
        await _ask(probes, "OPTIONS", target, {**_PREFLIGHT, "Access-Control-Request-Method": min(methods)})
        await _ask(probes, "GET" if "GET" in methods else min(methods), f"{target}/")


async def _strange_bodies(probes: Round, bound: Bound) -> Request | None:
    """Ask without credentials and with bodies that cannot be read; the request that is good, None when it is not."""
    try:
        request, _ = await probes.request(bound, await caller_for(probes.world, bound))
    except (NoCredentials, NoRow):
        return None
    await probes.send(request.without_credentials() if bound.operation.protected else request)
    if body_schema(bound.operation) is not None:
        headers, _ = request.encoded()
        method, target = request.method, request.sent_target
        await _ask(probes, method, target, headers, b"{")
        await _ask(probes, method, target, {**headers, "Content-Type": "text/plain"}, b"plain")
        await _ask(probes, method, target, headers, _LARGE_BODY)
        await _ask(probes, method, target, headers, json.dumps([None]).encode())
    if bound.operation.method != "get":
        return None
    reply = await probes.send(request)
    return request if 200 <= reply.status < 300 else None


async def _while_broken(probes: Round, good: list[Request]) -> None:
    """Ask while every table has another name: whatever needs one fails inside, as nobody foresaw."""
    with renamed_tables(probes):
        for request in good[:_BROKEN]:
            await probes.send(request)


@contextmanager
def renamed_tables(probes: Round) -> Iterator[None]:
    """Every table has another name while this is open; nothing changes when somebody holds one of them too long."""
    connection = probes.world.asker.store.connection
    suffix = f"_{probes.world.asker.chance.getrandbits(24):06x}"
    names = [table.name.split(".", 1) for table in probes.case.catalog.tables]
    try:
        _rename(connection, [(one, one[-1][:40] + suffix) for one in names])
    except psycopg.errors.LockNotAvailable:
        yield
        return
    try:
        yield
    finally:
        _rename(connection, [([*one[:-1], one[-1][:40] + suffix], one[-1]) for one in names])


def _rename(connection: psycopg.Connection, names: list[tuple[list[str], str]]) -> None:
    connection.execute(_LOCK_WAIT)
    with connection.transaction():
        for old, new in names:
            connection.execute(SQL("ALTER TABLE {} RENAME TO {}").format(Identifier(*old), Identifier(new)))


async def _ask(
    probes: Round, method: str, target: str, headers: dict[str, str] | None = None, content: bytes | None = None
) -> None:
    try:
        await probes.service.ask(method, target, headers={**_OVER_TLS, **(headers or {})}, content=content)
    except httpx.HTTPError:
        return  # no answer, so no headers to judge
