"""Whether anything blocks the event loop: lines that hold its thread while requests are answered, and calls in code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from agent.binding.model import Bound
from agent.checklist.case import Case, Owing
from agent.checklist.observing.exports import stalls_in
from agent.checklist.observing.observed import Asked, Observed
from agent.checklist.pasting import starting
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.exchange import Exchange
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.world import World
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "ANT-SYNC": "observing: lines that hold the event loop, also while the database is slow; ruff's ASYNC rules",
}

_SLOW = 0.08
"""Seconds for which each piece of the database's answers is held back: clearly more than a stall, and no more."""


async def ask_slowly(service: Observed, world: World, done: Sequence[tuple[Bound, Exchange, Asked]]) -> None:
    """Ask everything once more while the database is slow: whoever waits for it in the thread is seen to."""
    service.recorder.delay = _SLOW
    try:
        for _, exchange, _ in done:
            await world.asker.send(world.asker.refreshed(exchange.request))
    except (NoRow, NoCredentials):
        return
    finally:
        service.recorder.delay = 0.0


async def judge(case: Case, owing: Owing, service: Observed, skip: int) -> tuple[Receipt, ...]:
    """The receipt of ANT-SYNC; the first `skip` bytes of what was written about stalls are older than the requests."""
    stalls, _ = stalls_in(service.socket.parent, skip)
    seconds: dict[str, list[float]] = defaultdict(list)
    for one in stalls:
        seconds[one.place].append(one.seconds)
    # A line that held it once may have been the machine's or an import's; what blocks does so every time.
    problems = [
        f"{place} held the event loop {len(found)} times, for {max(found):.2f} s at most"
        for place, found in sorted(seconds.items(), key=lambda item: -max(item[1]))
        if len(found) > 1
    ]
    report = await case.stack.find_blocking_calls(case.workspace)
    calls = [str(one) for one in report.findings]
    calls += [report.crashed] if report.crashed else []
    return owing.judge(
        "ANT-SYNC",
        [*problems, *calls],
        ran=f"{len(service.asked)} requests, the last of them with a slow database; {' '.join(report.command)}",
        found="no line held the event loop for 50 ms twice; no blocking call in an async function",
        reproduce=" ".join(report.command) if calls else f"PYTHONASYNCIODEBUG=1 {starting(case)} --loop asyncio",
        places=[f"{one.file}:{one.line}" for one in report.findings] + [place.split(" ")[0] for place in seconds],
    )
