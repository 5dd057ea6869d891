"""A burst of requests: the connections that it opens, and how long its statements take."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import httpx
import psycopg

from agent.checklist.case import Owing
from agent.checklist.load import percentile
from agent.checklist.observing.observed import NO_GET, Observed, is_query
from agent.checklist.pasting import QUIETER
from agent.checklist.probe.requests import Request
from agent.receipts import Receipt

_NO_STATEMENT = "no request led to a statement: only those of a service that asks its database can be timed"

RULES: Mapping[str, str] = {
    "PRF-POOL": "observing: connections opened to the database by a burst of requests",
    "PRF-DB": "observing: time of each statement of a burst of requests, seen on its way",
}

_REQUESTS = 120
_AT_ONCE = 8
_BURSTS = 3
_P95_MS = 50.0
_PAUSE = 0.01
"""Seconds between statements that do nothing."""
_MOST_NEW = 40
"""Connections that a burst may open: a pool that grows to a usual size."""


async def judge(
    owing: Owing, service: Observed, requests: Sequence[Request], idle: psycopg.Connection
) -> list[Receipt]:
    """Receipts of PRF-POOL and PRF-DB; `requests` worked before, and may be repeated. The best burst counts.

    Over `idle`, a connection that nobody else uses meanwhile, the server is asked for nothing at all: how long that
    takes is the machine's, and not the service's.
    """
    if not requests:
        return [one for rule in RULES for one in owing.leave(rule, NO_GET)]
    recorder = service.recorder
    before, opened, times = recorder.connections, 0, list[float]()
    best: float | None = None
    idling = 0.0
    for _ in range(_BURSTS):
        start = len(recorder.statements)
        async with _asking_for_nothing(idle) as nothing:
            await _burst(service, requests)
        statements = [one for one in recorder.statements[start:] if is_query(one.text)]
        times = sorted(one.seconds for one in statements if one.seconds is not None)
        p95 = percentile(times, 0.95)
        if p95 is not None and (best is None or p95 < best):
            best, idling = p95, percentile(sorted(nothing), 0.95) or 0.0
        opened = recorder.connections - before
        if best is not None and best < _P95_MS:
            break
    if best is None:
        return [one for rule in RULES for one in owing.leave(rule, _NO_STATEMENT)]
    ran = f"{_REQUESTS} requests, {_AT_ONCE} at once: {requests[0].method} {requests[0].target} and others"
    found = f"p95 of {len(times)} statements {best:.1f} ms, measured on their way; under {_P95_MS:.0f} ms is asked for"
    new = f"{opened} connections were opened for {_REQUESTS} requests and more"
    asked = requests[0].curl()
    return [
        *owing.judge("PRF-POOL", [new] if opened > _MOST_NEW else [], ran=ran, found=new, reproduce=asked),
        *_timed(owing, best, idling, found, ran=ran, reproduce=asked),
    ]


def too_busy(best: float, idling: float) -> bool:
    """Whether statements miss the bound by no more than one that does nothing takes meanwhile; both in milliseconds."""
    return best - idling < _P95_MS <= best


def _timed(owing: Owing, best: float, idling: float, found: str, *, ran: str, reproduce: str) -> tuple[Receipt, ...]:
    if too_busy(best, idling):
        why = f"the machine is too busy to tell: {found}; a statement that does nothing takes {idling:.1f} ms meanwhile"
        return owing.leave("PRF-DB", f"{why}; {QUIETER}", ran=ran)
    return owing.judge("PRF-DB", [found] if best >= _P95_MS else [], ran=ran, found=found, reproduce=reproduce)


@asynccontextmanager
async def _asking_for_nothing(idle: psycopg.Connection) -> AsyncIterator[list[float]]:
    """Meanwhile `SELECT 1` is timed again and again; the seconds of each."""
    enough, seconds = threading.Event(), list[float]()

    def ask() -> None:
        while not enough.wait(_PAUSE):
            started = time.perf_counter()
            idle.execute("SELECT 1")
            seconds.append(time.perf_counter() - started)

    asking = asyncio.create_task(asyncio.to_thread(ask))
    try:
        yield seconds
    finally:
        enough.set()
        await asking


async def _burst(service: Observed, requests: Sequence[Request]) -> None:
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(request: Request) -> None:
        headers, content = request.encoded()
        async with turn:
            try:
                await service.ask(request.method, request.sent_target, headers=headers, content=content)
            except httpx.HTTPError:
                return  # PRF-ERR is about these

    await asyncio.gather(*(one(requests[number % len(requests)]) for number in range(_REQUESTS)))
