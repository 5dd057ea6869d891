"""The gate limits, and the shapes of an API: pages, filters, orders and envelopes; errors are provoked for others."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator, Mapping

from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import NotMigrated
from agent.checklist.probe.asked_list import Listed
from agent.checklist.probe.asking import Asker
from agent.checklist.probe.fitting import store_of
from agent.checklist.probe.listing import judge_list
from agent.checklist.probe.refusal_shapes import provoke_errors
from agent.checklist.probe.users import Users
from agent.checklist.probe.world import World
from agent.checklist.running import NotRunning, running
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "API-FILTER": "limits: filters, orders and pages of each list, judged by its rows",
    "API-PAGE": "limits: rows without a limit, and with one above the largest, by list",
    "API-ENVELOPE": "limits: numbers beside a list, on its second page",
}

_LISTS = ("API-FILTER", "API-PAGE", "API-ENVELOPE")


async def settle(case: Case, owing: Owing, bench: Bench, *, seed: int | None = None) -> Found:
    """Settle what lists owe. Values are made up from a seed that the receipts name."""
    seed = secrets.randbits(32) if seed is None else seed
    receipts: list[Receipt] = []
    try:
        async with (
            bench.migrated() as database,
            running(case, database.access, bench.record, starts=bench.starts) as service,
        ):
            with case.server.connect(database.database) as connection:
                asker = Asker(case.contract, service, store_of(case, connection), random.Random(seed))
                users = Users(asker, case.binding, case.catalog)
                world = World(asker, users, case.binding, case.catalog)
                await provoke_errors(world)
                for subject in dict.fromkeys(one for rule in _LISTS for one in owing.subjects(rule)):
                    started = time.perf_counter()
                    bound = case.binding.bound(subject)
                    if bound.hole:
                        receipts += _underived(owing, subject, bound.reason)
                        continue
                    listed = await judge_list(world, bound)
                    receipts += _listed(owing, subject, listed, seed, time.perf_counter() - started)
    except (NotMigrated, NotRunning) as error:
        return owing.cannot(RULES, str(error), ran="start the service", reproduce=error.reproduce)
    return Found(tuple(receipts))


def _underived(owing: Owing, subject: str, reason: str) -> Iterator[Receipt]:
    for rule in _LISTS:
        if subject in owing.subjects(rule):
            why = f"which rows it lists could not be derived from contract and schema: {reason}"
            yield from owing.leave(rule, why, subject=subject)


def _listed(owing: Owing, subject: str, found: Listed, seed: int, seconds: float) -> Iterator[Receipt]:
    judged = sorted(set(found.judged))
    settled = {
        "API-FILTER": (found.filtering, bool(judged), f"as asked: {', '.join(judged)}{_open(found)}"),
        "API-PAGE": (found.paging, found.paged, "pages have a default and a largest size"),
        "API-ENVELOPE": (found.envelope, found.numbered, "the numbers beside the list are right"),
    }
    for rule, (problems, looked, told) in settled.items():
        if subject not in owing.subjects(rule):
            continue
        ran = f"the list of rows made for it, asked in parts and in orders (seed {seed})"
        if looked or problems:
            name = {"API-FILTER": "filtering", "API-PAGE": "paging"}.get(rule, "envelope")
            line = found.reproduce.get(name, "")
            yield from owing.judge(
                rule, problems, subject=subject, ran=ran, found=told, reproduce=line, seconds=seconds
            )
        else:
            yield from owing.leave(
                rule, "not applicable: the contract offers nothing that could be judged", subject=subject, ran=ran
            )


def _open(found: Listed) -> str:
    return f"; not judged: {', '.join(found.unjudged)}" if found.unjudged else ""
