"""The gate performance: a short load on one endpoint of one instance.

The heaviest three lists of the contract, by parameters and fields, are filled with rows and asked for their default
page; the one that gives the fewest answers is judged (without lists: the first GET that needs no more than a user). 16
connections each wait for their answer. After a warm-up there are up to five windows of a second (`--load`), and the
best one counts: the machine is shared with the database, with the load generator and with whoever else uses it, and a
neighbour's burst is not the service's fault. The first window that keeps every bound ends the probe.

Latency and throughput suffer most from neighbours, so the kernel is asked how long the service ran, and how long it was
ready and waited for a processor.

- A service that idled was not held up by the machine: what was counted counts.
- Where it was busy all the time and still gave fewer than 1000 answers a second, the processor time of one answer says
  what it could give on a core of its own. 1000 or more meet the rule; up to a quarter less stays unchecked, because
  crowded caches alone make a request dearer; clearly less fails it. Where neighbours make the machine itself slower
  just then (`yardstick`), it has to be less by as much, though never by more than 2.2.
- Where it waited more than half as long as it ran, neither latency nor throughput can be told from the machine's: a
  missed bound stays unchecked then, unless one answer took over 4 ms of processor time, which no crowd explains.

The receipts give every number that decided. When a bound is missed, the service is booted again beside a sampling
profiler and pressed once more: the receipt of PRF-PROFILE names the functions in which its time went.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.binding.model import Action, Bound, Field
from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import Databases, NotMigrated, Opened
from agent.checklist.load import Window, histogram, percentile, press
from agent.checklist.observing.exports import profile_in
from agent.checklist.pasting import asked_again
from agent.checklist.probe.accounts import Caller, NoCredentials
from agent.checklist.probe.asking import Asker
from agent.checklist.probe.fitting import store_of
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.users import Users
from agent.checklist.probe.wire import on_the_wire
from agent.checklist.probe.world import Need, World
from agent.checklist.processes import usage
from agent.checklist.running import NotRunning, Running, running
from agent.checklist.yardstick import slowdown_beside
from agent.places import cache_folder
from agent.receipts import Latency, Measures, Outcome, Receipt

RULES: Mapping[str, str] = {
    "PRF-P95": "performance: latency under load",
    "PRF-ERR": "performance: answers under load",
    "PRF-MEM": "performance: resident memory of the process tree under load",
    "PRF-RPS": "performance: answers a second, else processor time for each answer",
    "PRF-PROFILE": "performance: where the time goes, when a bound is missed",
}

_CONNECTIONS = 16
_WARM_UP = 0.5
_WINDOW = 1.0
_PAUSE = 1.0
"""Seconds between windows on a machine that is too busy."""
_ROWS = 100
"""In each list: all of them in one answer where the contract has no pages."""
_LISTS = 3
_PROFILED = 3.0
"""Seconds of load beside the profiler."""
_GLANCE = 0.4
"""Seconds for which each of several lists is asked, to find the slowest."""
_AGAIN = asked_again("performance")
_NOT_MISSED = "not applicable: no bound was missed, so there is nothing to look for"
_P95_MS = 200.0
_PER_SECOND = 1000.0
_MEMORY = 512 << 20
_ERRORS = 0.001
_BUSY = 0.75
"""Share of a window that the service ran or was ready to run, from which on the machine was its limit."""
_STARVED = 0.5
"""Waiting for a processor as a share of running, from which on the machine is too busy to judge by."""
_CLEARLY_LESS = 750.0
"""Answers a second, on this machine at its best: how many fewer than a thousand are no matter of chance."""
_SLOWED_MOST = 2.2
"""Neighbours on both threads of a core doubled the processor time of an answer, and hardly more."""
_HOPELESS = 250.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One window of load, and what the service used in it."""

    window: Window
    resident_bytes: int
    ran: float
    """Seconds of processor time that the service used."""
    queued: float
    """Seconds that it was ready to run, and waited for a processor."""
    failed: int
    """Answers that failed, of this window and of all others: one that is lucky does not make up for them."""
    asked: int
    """Requests of all windows."""
    slowdown: float = 1.0
    """How many times its best processor time a known piece of work took beside this window."""

    @property
    def cpu_ms(self) -> float:
        """Processor time for each answer."""
        return self.ran * 1000 / max(1, self.window.requests)

    @property
    def busy(self) -> bool:
        """It ran or waited for a processor nearly all the time."""
        return self.ran + self.queued > _BUSY * self.window.seconds

    @property
    def starved(self) -> bool:
        """The machine gave it far less than it could have used."""
        return self.busy and self.queued > _STARVED * self.ran and self.alone_per_second > _HOPELESS

    @property
    def alone_per_second(self) -> float:
        """Answers a second that one core could give, by processor time."""
        return 1000.0 / self.cpu_ms if self.cpu_ms else 0.0

    @property
    def telling(self) -> float:
        """Fewer answers a second than this are the service's fault, and not its neighbours'."""
        return _CLEARLY_LESS / min(self.slowdown, _SLOWED_MOST)


async def settle(case: Case, owing: Owing, databases: Databases, *, seed: int | None = None) -> Found:
    """Settle what the gate performance owes. Has to run alone, or it measures the other gates."""
    seed = secrets.randbits(32) if seed is None else seed
    try:
        async with databases.migrated() as database, running(case, database.access, starts=databases.starts) as service:
            targets = await _targets(case, service, database, seed)
            if isinstance(targets, str):
                return owing.cannot(RULES, targets, ran="choose an endpoint for the load probe", reproduce=_AGAIN)
            target = await slowest(service.socket, targets)
            windows = max(1, round(case.effort.load_seconds / _WINDOW))
            measured = await _measure(service, target, windows)
    except (NotMigrated, NotRunning) as error:
        return owing.cannot(RULES, str(error), ran="start the service", reproduce=error.reproduce)
    found = _judged(owing, target, measured)
    missed = any(receipt.outcome is Outcome.FAILED for receipt in found.receipts)
    profiled = await _profile(case, owing, databases, seed) if missed else owing.leave("PRF-PROFILE", _NOT_MISSED)
    return Found((*found.receipts, *profiled), found.measures)


async def _profile(case: Case, owing: Owing, databases: Databases, seed: int) -> Sequence[Receipt]:
    """Where the time of the slowest list goes; the service is booted anew, beside the profiler."""
    ran = f"the slowest list again for {_PROFILED:.0f} s, beside a sampling profiler"
    try:
        async with (
            databases.migrated() as database,
            running(case, database.access, starts=databases.starts, watched=True) as service,
        ):
            targets = await _targets(case, service, database, seed)
            if isinstance(targets, str):
                return owing.leave("PRF-PROFILE", targets, ran=ran)
            target = await slowest(service.socket, targets)
            folder = service.socket.parent
            before = profile_in(folder)  # of the start and of what was asked first
            await press(service.socket, on_the_wire(target), connections=_CONNECTIONS, seconds=_PROFILED)
            spots = profile_in(folder).since(before).spots()
    except (NotMigrated, NotRunning) as error:
        return owing.leave("PRF-PROFILE", str(error), ran=ran)
    return owing.judge(
        "PRF-PROFILE",
        [] if spots else ["no profile came of the time under load"],
        ran=ran,
        found="\n".join(spots),
        reproduce=_AGAIN,
    )


async def _targets(case: Case, service: Running, database: Opened, seed: int) -> Sequence[Request] | str:
    """The requests that may be repeated, each asked once with success; else why there is none."""
    chance = random.Random(seed)
    refused, found = "the contract has no GET", list[Request]()
    with case.server.connect(database.database) as connection:
        asker = Asker(case.contract, service, store_of(case, connection), chance)
        world = World(asker, Users(asker, case.binding, case.catalog), case.binding, case.catalog)
        for bound in candidates(case.binding.operations):
            if len(found) == _LISTS or (found and bound.action is not Action.LIST):
                break
            try:
                caller = await _caller(world, bound)
                await _fill(world, bound, caller)
                request = await world.request(bound, Need(caller))
            except (NoRow, NoCredentials) as error:
                refused = f"{bound.operation.key}: {error}"
                continue
            reply = await asker.send(request)
            if 200 <= reply.status < 300:
                found.append(request)
            else:
                refused = f"{bound.operation.key} → {reply.status or 'no answer'}"
    return found or f"nothing could be put under load; the last that was tried: {refused}"


def candidates(operations: Sequence[Bound]) -> Iterator[Bound]:
    """What may be asked, the most telling first: lists from the heaviest on, then rows, anything read."""
    gets = [one for one in operations if one.operation.method == "get"]
    order = {Action.LIST: 0, Action.RETRIEVE: 2, Action.ME: 3, None: 4}
    yield from sorted(gets, key=lambda one: (order.get(one.action, 4), -_weight(one), "{" in one.operation.path))


def _weight(bound: Bound) -> int:
    """How much there is to read and to write for one answer."""
    return len(bound.operation.parameters) + _fields(bound.answer) if bound.action is Action.LIST else 0


def _fields(fields: Sequence[Field]) -> int:
    return sum(_fields(one.embedded.fields) if one.embedded else 1 for one in fields)


async def slowest(socket: Path, requests: Sequence[Request]) -> Request:
    """The request that is answered least often."""
    if len(requests) == 1:
        return requests[0]
    rates: list[float] = []
    for request in requests:
        await press(socket, on_the_wire(request), connections=_CONNECTIONS, seconds=_GLANCE / 2)
        window = await press(socket, on_the_wire(request), connections=_CONNECTIONS, seconds=_GLANCE)
        rates.append(window.per_second)
    return requests[rates.index(min(rates))]


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
    world.asker.store.seed(bound.table, alike, count=_ROWS)


async def _measure(service: Running, request: Request, windows: int) -> Measured:
    await press(service.socket, on_the_wire(request), connections=_CONNECTIONS, seconds=_WARM_UP)
    best: Measured | None = None
    failed = asked = 0
    for number in range(windows):
        before = usage(service.process.pid)
        pressing = press(service.socket, on_the_wire(request), connections=_CONNECTIONS, seconds=_WINDOW)
        window, slowed = await slowdown_beside(cache_folder(), pressing)
        after = usage(service.process.pid)
        failed, asked = failed + window.errors, asked + window.requests
        one = Measured(
            window,
            after.resident_bytes,
            after.cpu_seconds - before.cpu_seconds,
            after.queued_seconds - before.queued_seconds,
            failed,
            asked,
            slowed,
        )
        if best is None or _goodness(one) > _goodness(best):
            best = one
        if set(outcomes(one).values()) == {Outcome.MET}:
            break
        if one.starved and number + 1 < windows:
            await asyncio.sleep(_PAUSE)
    assert best is not None
    return replace(best, failed=failed, asked=asked)


def _goodness(one: Measured) -> tuple[int, int, float]:
    """Fewer missed bounds first, then fewer that stay open, then more answers."""
    found = list(outcomes(one).values())
    return -found.count(Outcome.FAILED), -found.count(Outcome.UNCHECKED), one.window.per_second


def outcomes(one: Measured) -> dict[str, Outcome]:
    """What one window says about each rule."""
    p95 = one.window.p95_ms
    return {
        "PRF-P95": _by_time(one, kept=p95 is not None and p95 < _P95_MS),
        "PRF-ERR": _by_time(one, kept=one.failed < _ERRORS * max(1, one.asked), starving_excuses=False),
        "PRF-MEM": _by_time(one, kept=one.resident_bytes < _MEMORY, starving_excuses=False),
        "PRF-RPS": _throughput_outcome(one),
    }


def _by_time(one: Measured, *, kept: bool, starving_excuses: bool = True) -> Outcome:
    if kept:
        return Outcome.MET
    return Outcome.UNCHECKED if one.starved and starving_excuses else Outcome.FAILED


def _throughput_outcome(one: Measured) -> Outcome:
    if one.window.per_second > _PER_SECOND or (one.busy and one.alone_per_second > _PER_SECOND):
        return Outcome.MET
    if one.starved or (one.busy and one.alone_per_second > one.telling):
        return Outcome.UNCHECKED
    return Outcome.FAILED


def _judged(owing: Owing, request: Request, measured: Measured) -> Found:
    window = measured.window
    ran = f"{request.method} {request.target} on {_CONNECTIONS} connections, best window of {window.seconds:.1f} s"
    found = {
        "PRF-P95": f"p95 {_ms(window.p95_ms)}; under {_P95_MS:.0f} ms is asked for",
        "PRF-ERR": f"{measured.failed} of {measured.asked} failed; under 0.1 % is asked for",
        "PRF-MEM": f"{measured.resident_bytes >> 20} MB resident; under {_MEMORY >> 20} MB is asked for",
        "PRF-RPS": f"{_throughput(measured)}; over {_PER_SECOND:.0f}/s are asked for",
    }
    receipts: list[Receipt] = []
    for rule, outcome in outcomes(measured).items():
        if outcome is Outcome.UNCHECKED:
            receipts += owing.leave(
                rule, f"the machine is too busy to tell: {found[rule]}; {_circumstances(measured)}", ran=ran
            )
            continue
        receipts += owing.judge(
            rule,
            [] if outcome is Outcome.MET else [found[rule]],
            ran=ran,
            found=found[rule],
            reproduce=request.curl(),
            seconds=window.seconds,
        )
    p95 = window.p95_ms
    measures = Measures(
        p95_ms=None if p95 is None else round(p95, 1),
        requests_per_second=round(window.per_second, 1),
        latency=_latency(f"{request.method} {request.target}", window),
    )
    return Found(tuple(receipts), measures)


def _latency(asked: str, window: Window) -> Latency | None:
    p50, p95, p99 = (percentile(window.latencies, share) for share in (0.5, 0.95, 0.99))
    if p50 is None or p95 is None or p99 is None:
        return None
    edges, counts = histogram(window.latencies)
    return Latency(
        request=asked, edges_ms=edges, counts=counts, p50_ms=round(p50, 2), p95_ms=round(p95, 2), p99_ms=round(p99, 2)
    )


def _throughput(one: Measured) -> str:
    return (
        f"{one.window.per_second:.0f} requests/s; {one.cpu_ms:.2f} ms of processor time each, which is "
        f"{one.alone_per_second:.0f}/s on a core of its own"
    )


def _circumstances(one: Measured) -> str:
    return (
        f"in {one.window.seconds:.1f} s the service ran for {one.ran:.2f} s and waited {one.queued:.2f} s for a "
        f"processor; "
        f"known work took {one.slowdown:.1f} times its best; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


def _ms(milliseconds: float | None) -> str:
    return "not measured" if milliseconds is None else f"{milliseconds:.1f} ms"
