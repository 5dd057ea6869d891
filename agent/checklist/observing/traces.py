"""Spans that a service exports for requests that carry a `traceparent`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from agent.checklist.case import Owing
from agent.checklist.observing.exports import Span, spans_in
from agent.checklist.observing.observed import NO_GET, Asked, Observed
from agent.checklist.probe.requests import Request
from agent.checklist.probe.world import World
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "TRC-PROPAGATE": "observing: spans received over OTLP for requests with a `traceparent`",
}

_PATIENCE = 6.0
"""Seconds within which spans have to arrive."""


async def judge(owing: Owing, service: Observed, world: World, requests: Sequence[Request]) -> tuple[Receipt, ...]:
    """The receipt of TRC-PROPAGATE; `requests` worked before, and may be repeated."""
    if not requests:
        return owing.leave("TRC-PROPAGATE", NO_GET)
    sent: dict[tuple[str, str], Asked] = {}
    for request in requests:
        trace, parent = f"{service.chance.getrandbits(128):032x}", f"{service.chance.getrandbits(64):016x}"
        service.extra["traceparent"] = f"00-{trace}-{parent}-01"
        await world.asker.send(request)
        sent[trace, parent] = service.asked[-1]
    service.extra.clear()
    spans = await _arrived(service, {trace for trace, _ in sent})
    problems = [one for (trace, parent), asked in sent.items() for one in _problems(trace, parent, asked, spans)]
    return owing.judge(
        "TRC-PROPAGATE",
        problems,
        ran=f"{len(sent)} requests with a traceparent; {len(spans)} spans received over OTLP",
        found="each request's span continues the caller's trace, its statements' spans lie below it",
        reproduce=f"{requests[0].curl()} -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'"
        "  # where the service was started with OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318",
    )


async def _arrived(service: Observed, traces: set[str]) -> list[Span]:
    """The spans received, as soon as every trace has those of a request and of a statement, or patience is over."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        spans = await asyncio.to_thread(spans_in, service.socket.parent)
        whole = {one.trace for one in spans if one.server} & {one.trace for one in spans if one.of_database}
        if traces <= whole or time.monotonic() > deadline:
            return spans
        await asyncio.sleep(0.2)


def _problems(trace: str, parent: str, asked: Asked, spans: Sequence[Span]) -> list[str]:
    mine = [one for one in spans if one.trace == trace]
    if not mine:
        return [f"{asked.told} with a traceparent: no span of its trace was exported"]
    roots = [one for one in mine if one.parent == parent]
    if not any(one.server for one in roots):
        return [f"{asked.told}: no span of the kind server has the caller's span as its parent"]
    below = {one.id for one in roots}
    for _ in mine:
        below |= {one.id for one in mine if one.parent in below}
    statements = [one for one in mine if one.of_database and one.id in below and one not in roots]
    if len(statements) < len(asked.queries):
        return [f"{asked.told}: {len(asked.queries)} statements, but {len(statements)} spans for them below its own"]
    return []
