"""A database that hangs, and more requests than a service can work on meanwhile: who is refused, and how soon.

Nothing that the database says comes through for some seconds, while hundreds of requests arrive at once. Everybody has
to be answered in the end, some at once with 503, and the process has to stay alive. The time of the liveness endpoint,
which asks for nothing, tells how slow the machine is just then.
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
from agent.checklist.service import LIVENESS
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "PRF-BACKPRESSURE": "observing: hundreds of requests at once while the database hangs; how soon the first 503 come",
    "PRF-TIMEOUT": "observing: requests while the database hangs; everybody answered, and well again afterwards",
}

_CROWD = 300
_HANGS = 20.0
"""Seconds for which each answer of the database is held back: longer than anybody waits here."""
_PATIENCE = 15.0
"""Seconds within which everybody has to be answered."""
_AT_ONCE = 3.0
"""Seconds within which the refused have to know it, at the median."""
_SLOW_MACHINE = 0.5
"""Seconds that liveness takes on a machine that is too slow to tell."""
_REFUSALS = (429, 503)
_NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """One request of the crowd."""

    status: int
    """0: no answer in time."""
    seconds: float


async def judge(owing: Owing, service: Observed, requests: Sequence[Request]) -> list[Receipt]:
    """Receipts of both rules; `requests` worked before, lead to the database, and may be repeated."""
    if not requests:
        return [one for rule in RULES for one in owing.leave(rule, NO_GET)]
    request, recorder = requests[0], service.recorder
    recorder.delay = _HANGS
    try:
        crowd = asyncio.create_task(volley(service.socket, on_the_wire(request), count=_CROWD, patience=_PATIENCE))
        await asyncio.sleep(_SLOW_MACHINE)
        alive = await _liveness(service.socket)
        answered = await crowd
    finally:
        recorder.delay = 0.0
    well = await _well_again(service, request)
    return [*_backpressure(owing, request, answered, alive), *_timeout(owing, request, answered, alive, well)]


def _backpressure(owing: Owing, request: Request, answered: Sequence[Answered], alive: Answered) -> tuple[Receipt, ...]:
    refused = sorted(one.seconds for one in answered if one.status in _REFUSALS)
    ran = f"{_CROWD} times {request.method} {request.target} at once while the database hung: {_told(answered)}"
    median = refused[len(refused) // 2] if refused else None
    problems = [] if refused else ["nobody was refused with 503: the queue has no bound"]
    if median is not None and median > _AT_ONCE:
        if alive.seconds > _SLOW_MACHINE:
            return owing.leave("PRF-BACKPRESSURE", f"the machine is too busy to tell; {QUIETER}", ran=ran)
        problems.append(f"half of the {len(refused)} refused waited over {median:.1f} s for it")
    found = f"{len(refused)} refused, half of them within {median or 0:.2f} s"
    return owing.judge("PRF-BACKPRESSURE", problems, ran=ran, found=found, reproduce=_reproduce(request))


def _timeout(
    owing: Owing, request: Request, answered: Sequence[Answered], alive: Answered, well: bool
) -> tuple[Receipt, ...]:
    waiting = sum(one.status == _NO_ANSWER for one in answered)
    slowest = max((one.seconds for one in answered), default=0.0)
    problems = [f"{waiting} of {_CROWD} had no answer after {_PATIENCE:.0f} s: {_told(answered)}"] if waiting else []
    if alive.status == _NO_ANSWER:
        problems.append("the process did not answer for its liveness either")
    if not well:
        problems.append(f"{request.method} {request.target} did not work again after the database had come back")
    ran = f"{_CROWD} requests while the database hung, and one afterwards"
    found = f"the last was answered after {slowest:.1f} s; well again afterwards"
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


async def _liveness(socket: Path) -> Answered:
    for path in LIVENESS:
        found = await _ask(socket, plain("GET", path, {}), _PATIENCE)
        if found.status == 200:
            return found
    return Answered(_NO_ANSWER, _PATIENCE)


async def _well_again(service: Observed, request: Request) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = await _ask(service.socket, on_the_wire(request), 2.0)
        if 200 <= found.status < 300:
            return True
        await asyncio.sleep(0.2)
    return False
