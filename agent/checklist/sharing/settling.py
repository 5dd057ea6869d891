"""What two instances share: limits, sessions, and what lies in Redis."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping

from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import NotMigrated
from agent.checklist.pasting import QUIETER
from agent.checklist.running import NotRunning
from agent.checklist.sharing import caching, rates, state
from agent.checklist.sharing.instances import Instances, two_instances
from agent.receipts import Receipt

RULES: Mapping[str, str] = {**rates.RULES, **state.RULES, **caching.RULES}


async def settle(case: Case, owing: Owing, bench: Bench, *, seed: int | None = None) -> Found:
    """Settle what two instances owe together, under the service's own limits."""
    seed = secrets.randbits(32) if seed is None else seed
    try:
        async with two_instances(case, owing, bench, seed) as instances:
            return Found(await _judge(instances))
    except (NotMigrated, NotRunning) as error:
        return owing.cannot(RULES, str(error), ran="start two instances", reproduce=error.reproduce)


async def _judge(instances: Instances) -> tuple[Receipt, ...]:
    started = time.perf_counter()
    ran = f"bursts on two instances (seed {instances.seed})"
    found: rates.Rates | None = None
    try:
        found = await rates.ask_too_often(instances)
    except rates.TooBusy as error:
        limited = instances.owing.leave("API-RATE", f"the machine is too busy to tell: {error}; {QUIETER}", ran=ran)
    else:
        limited = _limits(instances, found, ran, time.perf_counter() - started)
    return (
        *limited,
        *await state.judge_state(instances, found),
        *await caching.judge_caching(instances),
        *await state.judge_redis(instances, found),
    )


def _limits(instances: Instances, found: rates.Rates, ran: str, seconds: float) -> tuple[Receipt, ...]:
    told = "; ".join(found.told)
    if not found.limited and not found.problems:
        return instances.owing.leave("API-RATE", told, ran=ran)
    return instances.owing.judge(
        "API-RATE", found.problems, ran=ran, found=told, reproduce=found.reproduce, seconds=seconds
    )
