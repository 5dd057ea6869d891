"""A database that hangs, and more requests than a service can work on meanwhile: who is refused, and how soon.

Nothing that the database says comes through for some seconds, while hundreds of requests arrive at once. Everybody has
to be answered in the end, some at once with 503, and the process has to stay alive. What the service and its judge
spend waiting for a processor is the machine's: where only that could be the reason, the crowd comes again, and is
waited for longer; refusals that were never shown to be late by the service's own fault stay unchecked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.checklist.case import Owing
from agent.checklist.observing.observed import NO_GET, Observed
from agent.checklist.pasting import QUIETER
from agent.checklist.probe.requests import Request
from agent.checklist.probe.wire import on_the_wire, plain
from agent.checklist.processes import Queues
from agent.checklist.service import LIVENESS
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "PRF-BACKPRESSURE": "observing: hundreds of requests at once while the database hangs; how soon the first 503 come",
    "PRF-TIMEOUT": "observing: requests while the database hangs; everybody answered, and well again afterwards",
}

_CROWD = 300
_PATIENCE = 15.0
"""Seconds within which everybody has to be answered."""
_MORE_PATIENCE = 30.0
"""The same on a machine that made them wait."""
_HANGS_ON = 5.0
"""Seconds for which the database hangs when nobody waits any more."""
_AT_ONCE = 3.0
"""Seconds within which the refused have to know it, at the median."""
_QUEUED = 3.0
"""Seconds of waiting for a processor after which an answer that did not come may be the machine's fault."""
_EVERY = 0.1
"""Seconds between two looks at what waits for a processor."""
_CROWDS = 3
"""Times that the crowd comes where the machine may be to blame."""
_REFUSALS = (429, 503)
_NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """One request of the crowd."""

    status: int
    """0: no answer in time."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Crowd:
    """What came of one crowd."""

    patience: float
    answered: Sequence[Answered]
    queued: Sequence[tuple[float, float]]
    """At so many seconds, so many of them were spent waiting for a processor."""
    alive: bool
    """The liveness was answered, and not with a refusal."""
    well: bool
    """The service worked again afterwards."""

    @property
    def refused(self) -> Sequence[float]:
        """After how many seconds the refused knew it, the soonest first."""
        return sorted(one.seconds for one in self.answered if one.status in _REFUSALS)

    @property
    def refused_within(self) -> float:
        """Seconds within which half of the refused knew it; 0 where nobody was refused."""
        return self.refused[len(self.refused) // 2] if self.refused else 0.0

    @property
    def slowest(self) -> float:
        """Seconds after which the last was answered, or given up."""
        return max((one.seconds for one in self.answered), default=0.0)

    @property
    def waiting(self) -> int:
        """How many had no answer in the end."""
        return sum(one.status == _NO_ANSWER for one in self.answered)

    @property
    def late(self) -> bool:
        """The refused knew it late, by the service's own fault."""
        return self._own(self.refused_within) > _AT_ONCE

    @property
    def hanging(self) -> bool:
        """Somebody had no answer in time, by the service's own fault."""
        return self._own(self.slowest) > _PATIENCE or (self.waiting > 0 and self._queued(self.slowest) < _QUEUED)

    @property
    def telling(self) -> bool:
        """What was slow was not the machine."""
        slow = self.refused_within > _AT_ONCE
        return self.late == slow and (self.hanging or not self.waiting)

    def _own(self, seconds: float) -> float:
        return seconds - self._queued(seconds)

    def _queued(self, seconds: float) -> float:
        return max((queued for at, queued in self.queued if at <= seconds), default=0.0)


async def judge(owing: Owing, service: Observed, requests: Sequence[Request]) -> list[Receipt]:
    """Receipts of both rules; `requests` worked before, lead to the database, and may be repeated."""
    if not requests:
        return [one for rule in RULES for one in owing.leave(rule, NO_GET)]
    request = requests[0]
    crowd = await _arrive(service, request, _PATIENCE)
    for _ in range(1, _CROWDS):
        if crowd.telling:
            break
        crowd = await _arrive(service, request, _MORE_PATIENCE)
    return [*_backpressure(owing, request, crowd), *_timeout(owing, request, crowd)]


async def _arrive(service: Observed, request: Request, patience: float) -> Crowd:
    queued: list[tuple[float, float]] = []
    service.recorder.delay = patience + _HANGS_ON
    looking = asyncio.create_task(_look(Queues.of(service.process.pid), queued))
    try:
        coming = asyncio.create_task(volley(service.socket, on_the_wire(request), count=_CROWD, patience=patience))
        alive = asyncio.create_task(_alive(service, patience))
        answered = await coming
    finally:
        looking.cancel()
        service.recorder.delay = 0.0
    return Crowd(patience, answered, queued, await alive, await _well_again(service, request))


def _backpressure(owing: Owing, request: Request, crowd: Crowd) -> tuple[Receipt, ...]:
    ran = f"{_CROWD} times {request.method} {request.target} at once while the database hung: {_told(crowd.answered)}"
    found = f"{len(crowd.refused)} refused, half of them within {crowd.refused_within:.2f} s"
    if not crowd.late and crowd.refused_within > _AT_ONCE:
        return owing.leave("PRF-BACKPRESSURE", f"the machine is too busy to tell: {found}; {QUIETER}", ran=ran)
    problems = [] if crowd.refused else ["nobody was refused with 503: the queue has no bound"]
    if crowd.late:
        problems.append(f"half of the {len(crowd.refused)} refused waited over {crowd.refused_within:.1f} s for it")
    return owing.judge("PRF-BACKPRESSURE", problems, ran=ran, found=found, reproduce=_reproduce(request))


def _timeout(owing: Owing, request: Request, crowd: Crowd) -> tuple[Receipt, ...]:
    ran = f"{_CROWD} requests while the database hung, and one afterwards"
    problems: list[str] = []
    if crowd.waiting and crowd.hanging:
        problems.append(
            f"{crowd.waiting} of {_CROWD} had no answer after {crowd.patience:.0f} s: {_told(crowd.answered)}"
        )
    elif crowd.hanging:
        problems.append(f"the last was answered after {crowd.slowest:.1f} s; {_PATIENCE:.0f} are allowed")
    if not crowd.alive:
        problems.append("the process did not answer for its liveness either")
    if not crowd.well:
        problems.append(f"{request.method} {request.target} did not work again after the database had come back")
    if crowd.waiting and not problems:
        return owing.leave("PRF-TIMEOUT", f"the machine is too busy to tell; {QUIETER}", ran=ran)
    found = f"the last was answered after {crowd.slowest:.1f} s; well again afterwards"
    return owing.judge("PRF-TIMEOUT", problems, ran=ran, found=found, reproduce=_reproduce(request))


def _reproduce(request: Request) -> str:
    """Stops the processes of one server alone: that of the service's database."""
    crowd = f"for n in $(seq {_CROWD}); do {request.curl()} & done; wait"
    server = '-P "$(head -1 "$PGDATA/postmaster.pid")"'
    return f"pkill -STOP {server}; {crowd}; pkill -CONT {server}"


def _told(answered: Sequence[Answered]) -> str:
    counted: dict[int, int] = {}
    for one in answered:
        counted[one.status] = counted.get(one.status, 0) + 1
    return ", ".join(f"{status or 'no answer'} × {count}" for status, count in sorted(counted.items()))


async def volley(socket: Path, request: bytes, *, count: int, patience: float) -> list[Answered]:
    """Send the request so often at once, each on a connection of its own; what each was answered, and when."""
    return await asyncio.gather(*(_ask(socket, request, patience) for _ in range(count)))


async def _ask(socket: Path, request: bytes, patience: float) -> Answered:
    started, status = time.perf_counter(), _NO_ANSWER
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                writer.write(request)
                line = await reader.readline()
                status = int(line[9:12]) if line[9:12].isdigit() else _NO_ANSWER
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        status = _NO_ANSWER
    return Answered(status, time.perf_counter() - started)


async def _look(queues: Queues, queued: list[tuple[float, float]]) -> None:
    began, before = time.perf_counter(), queues.seconds()
    while True:
        queued.append((time.perf_counter() - began, queues.seconds() - before))
        await asyncio.sleep(_EVERY)


async def _alive(service: Observed, patience: float) -> bool:
    """Where no endpoint for it is found, any answer shows that the process is alive."""
    await asyncio.sleep(_EVERY)
    base, answered = service.case.contract.base_path, set[int]()
    try:
        async with asyncio.timeout(patience):
            for path in (*LIVENESS, *(base + path for path in LIVENESS if base)):
                answered.add((await _ask(service.socket, plain("GET", path, {}), patience)).status)
                if 200 in answered:
                    return True
    except TimeoutError:
        return False
    return answered.isdisjoint({_NO_ANSWER, *_REFUSALS})


async def _well_again(service: Observed, request: Request) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = await _ask(service.socket, on_the_wire(request), 2.0)
        if 200 <= found.status < 300:
            return True
        await asyncio.sleep(0.2)
    return False
