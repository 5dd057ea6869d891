"""The gate performance: a short load on one endpoint of one instance.

A list is asked (else the first GET that needs no more than a user), on seeded rows, by 24 connections that each wait
for their answer. After a warm-up there are up to three windows of a second, and the best one counts: the machine is
shared with the database, with the load generator and with whoever else uses it, and a neighbour's burst is not the
service's fault. The first window that keeps every bound ends the probe.

Throughput is what suffers most from neighbours. When no window reached 1000 requests a second, the processor time of
the service for each request is looked at, which contention changes far less. Where the service was ready to run nearly
all the time and only waited for a processor, that time says what it could serve on a core of its own: 1000 a second or
more meets the rule, clearly less fails it, and what lies between stays unchecked, because crowded caches alone make a
request some 20 % dearer. A service that idled has no such excuse: what was counted counts.
"""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.binding.model import Action, Bound
from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import Databases, NotMigrated, Opened
from agent.checklist.load import Window, press
from agent.checklist.probe.accounts import Caller, NoCredentials
from agent.checklist.probe.asking import Asker
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import NoRow, Store
from agent.checklist.probe.users import Users
from agent.checklist.probe.world import Need, World
from agent.checklist.processes import usage
from agent.checklist.running import NotRunning, Running, running
from agent.receipts import Measures, Outcome, Receipt

RULES: Mapping[str, str] = {
    "PRF-P95": "performance: latency under load",
    "PRF-ERR": "performance: answers under load",
    "PRF-MEM": "performance: resident memory of the process tree under load",
    "PRF-RPS": "performance: answers a second, else processor time for each answer",
}

_CONNECTIONS = 24
_WARM_UP = 0.5
_WINDOW = 1.0
_WINDOWS = 3
_ROWS = 100
_P95_MS = 200.0
_PER_SECOND = 1000.0
_MEMORY = 512 << 20
_ERRORS = 0.001
_BUSY = 0.75
"""Share of a window that the service ran or was ready to run, from which on the machine was its limit."""
_CLEARLY_LESS = 750.0


@dataclass(frozen=True, slots=True)
class _Measured:
    window: Window
    resident_bytes: int
    cpu_ms: float
    """Processor time of the service for each answer."""
    busy: float
    """Share of the window that the service ran or waited for a processor."""

    @property
    def alone_per_second(self) -> float:
        """Answers a second that one core could give, by processor time."""
        return 1000.0 / self.cpu_ms if self.cpu_ms else 0.0


async def settle(case: Case, owing: Owing, databases: Databases, *, seed: int | None = None) -> Found:
    """Settle what the gate performance owes. Has to run alone, or it measures the other gates."""
    seed = secrets.randbits(32) if seed is None else seed
    try:
        async with databases.migrated() as database, running(case, database.access) as service:
            target = await _target(case, service, database, seed)
            if isinstance(target, str):
                return owing.cannot(RULES, target, ran="choose an endpoint for the load probe")
            measured = await _measure(service, target)
    except (NotMigrated, NotRunning) as error:
        return owing.cannot(RULES, str(error), ran="start the service")
    return _judged(owing, target, measured)


async def _target(case: Case, service: Running, database: Opened, seed: int) -> Request | str:
    """The request to repeat, asked once with success; else why there is none."""
    chance = random.Random(seed)
    refused = "the contract has no GET"
    with case.server.connect(database.database) as connection:
        asker = Asker(case.contract, service, Store(connection, case.catalog), chance)
        world = World(asker, Users(asker, case.binding, case.catalog), case.binding, case.catalog)
        for bound in _candidates(case):
            try:
                caller = await _caller(world, bound)
                await _fill(world, bound, caller)
                request = await world.request(bound, Need(caller))
            except (NoRow, NoCredentials) as error:
                refused = f"{bound.operation.key}: {error}"
                continue
            reply = await asker.send(request)
            if 200 <= reply.status < 300:
                return request
            refused = f"{bound.operation.key} → {reply.status or 'no answer'}"
    return f"nothing could be put under load; the last that was tried: {refused}"


def _candidates(case: Case) -> Iterator[Bound]:
    """What may be asked, the most telling first: lists at the top level, other lists, rows, anything read."""
    gets = [one for one in case.binding.operations if one.operation.method == "get"]
    order = {Action.LIST: 0, Action.RETRIEVE: 2, Action.ME: 3, None: 4}
    yield from sorted(gets, key=lambda one: order.get(one.action, 4) + ("{" in one.operation.path))


async def _caller(world: World, bound: Bound) -> Caller | None:
    try:
        return await world.users.caller()
    except NoCredentials:
        if bound.operation.protected:
            raise
        return None


async def _fill(world: World, bound: Bound, caller: Caller | None) -> None:
    """Rows to list: the first through the API or the database, the others like it from below."""
    if bound.action is not Action.LIST:
        return
    first = await world.row(bound.table, caller)
    shared = {name for key in first.table.foreign_keys for name in key.columns}
    alike = {name: first.values[name] for name in shared if first.values[name] is not None}
    single = [set(one.columns) for one in first.table.uniques] + [set(first.table.primary_key)]
    if any(columns <= shared for columns in single):
        return  # each of these rows needs parents of its own
    for _ in range(_ROWS):
        world.asker.store.seed(bound.table, alike)


async def _measure(service: Running, request: Request) -> _Measured:
    await press(service.socket, _bytes(request), connections=_CONNECTIONS, seconds=_WARM_UP)
    best: _Measured | None = None
    for _ in range(_WINDOWS):
        before = usage(service.process.pid)
        window = await press(service.socket, _bytes(request), connections=_CONNECTIONS, seconds=_WINDOW)
        after = usage(service.process.pid)
        ran = after.cpu_seconds - before.cpu_seconds
        busy = (ran + after.queued_seconds - before.queued_seconds) / window.seconds
        one = _Measured(window, after.resident_bytes, ran * 1000 / max(1, window.requests), busy)
        if best is None or _goodness(one) > _goodness(best):
            best = one
        if _throughput_outcome(one) is Outcome.MET and not any(_problems(one).values()):
            break
    assert best is not None
    return best


def _goodness(one: _Measured) -> tuple[int, bool, float]:
    """Fewer broken bounds first, then throughput."""
    kept = _throughput_outcome(one) is Outcome.MET
    return -sum(map(bool, _problems(one).values())), kept, one.window.per_second


def _throughput_outcome(one: _Measured) -> Outcome:
    if one.window.per_second > _PER_SECOND:
        return Outcome.MET
    if one.busy < _BUSY:
        return Outcome.FAILED
    if one.alone_per_second > _PER_SECOND:
        return Outcome.MET
    return Outcome.UNCHECKED if one.alone_per_second > _CLEARLY_LESS else Outcome.FAILED


def _problems(one: _Measured) -> dict[str, list[str]]:
    window = one.window
    p95 = window.p95_ms
    share = window.errors / window.requests if window.requests else 1.0
    slow = _throughput_outcome(one) is Outcome.FAILED
    return {
        "PRF-P95": []
        if p95 is not None and p95 < _P95_MS
        else [f"p95 {_ms(p95)}; under {_P95_MS:.0f} ms is asked for"],
        "PRF-ERR": []
        if share < _ERRORS
        else [f"{window.errors} of {window.requests} failed; under 0.1 % is asked for"],
        "PRF-MEM": []
        if one.resident_bytes < _MEMORY
        else [f"{one.resident_bytes >> 20} MB resident; under 512 MB is asked for"],
        "PRF-RPS": [f"{_throughput(one)}; over {_PER_SECOND:.0f} are asked for"] if slow else [],
    }


def _judged(owing: Owing, request: Request, measured: _Measured) -> Found:
    window, problems = measured.window, _problems(measured)
    ran = f"{request.method} {request.target} on {_CONNECTIONS} connections, best window of {window.seconds:.1f} s"
    found = {
        "PRF-P95": f"p95 {_ms(window.p95_ms)}",
        "PRF-ERR": f"{window.errors} of {window.requests} failed",
        "PRF-MEM": f"{measured.resident_bytes >> 20} MB resident",
        "PRF-RPS": _throughput(measured),
    }
    receipts: list[Receipt] = []
    settled = [rule for rule in RULES if rule != "PRF-RPS" or _throughput_outcome(measured) is not Outcome.UNCHECKED]
    if "PRF-RPS" not in settled:
        receipts += owing.leave("PRF-RPS", f"too close to tell here: {found['PRF-RPS']}", ran=ran)
    for rule in settled:
        receipts += owing.judge(
            rule, problems[rule], ran=ran, found=found[rule], reproduce=request.curl(), seconds=window.seconds
        )
    p95 = window.p95_ms
    measures = Measures(p95_ms=None if p95 is None else round(p95, 1), requests_per_second=round(window.per_second, 1))
    return Found(tuple(receipts), measures)


def _throughput(one: _Measured) -> str:
    load = os.getloadavg()[0]
    return (
        f"{one.window.per_second:.0f} requests/s on a machine with load {load:.1f} and {os.cpu_count()} cores; "
        f"{one.cpu_ms:.2f} ms of processor time each, which is {one.alone_per_second:.0f}/s on a core of its own; "
        f"running or ready to run {min(one.busy, 1.0) * 100:.0f} % of the time"
    )


def _ms(milliseconds: float | None) -> str:
    return "not measured" if milliseconds is None else f"{milliseconds:.1f} ms"


def _bytes(request: Request) -> bytes:
    headers, _ = request.encoded()
    lines = [f"{request.method} {request.target} HTTP/1.1", "Host: service", "Accept: */*"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()
