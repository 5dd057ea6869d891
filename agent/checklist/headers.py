"""The gate headers: what makes answers safe, judged on all that anybody was given, after everybody has asked."""

from __future__ import annotations

import random
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from agent.checklist.booted import Bench, Booted
from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import NotMigrated
from agent.checklist.probe.asking import Asker
from agent.checklist.probe.fitting import store_of
from agent.checklist.probe.refusal_shapes import body_problems, errors_in
from agent.checklist.probe.users import Users
from agent.checklist.probe.world import World
from agent.checklist.running import NotRunning
from agent.checklist.security import cookies, passwords
from agent.checklist.security.answers import header_problems, reproducer, statuses, transport_problems
from agent.checklist.security.provoking import provoke
from agent.checklist.security.round import Round
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    **passwords.RULES,
    **cookies.RULES,
    "API-ERROR": "headers: bodies of all errors that any gate was answered, those before any route included",
    "SEC-HEADERS": "headers: every answer that any gate was given, errors included",
    "SEC-HTTPS": "headers: HSTS, redirects and cookies of every answer, asked as behind a proxy that speaks TLS",
}


async def settle(case: Case, owing: Owing, bench: Bench, *, seed: int | None = None) -> Found:
    """Settle what all answers owe. Everything that was asked before is judged too, so it comes after the others."""
    return await asked(case, owing, bench, RULES, _ask, seed)


async def asked(
    case: Case,
    owing: Owing,
    bench: Bench,
    rules: Collection[str],
    ask: Callable[[Round], Awaitable[tuple[Receipt, ...]]],
    seed: int | None,
) -> Found:
    """What the probes find at the shared service. Values are made up from a seed that the receipts name."""
    seed = secrets.randbits(32) if seed is None else seed
    try:
        async with bench.turn() as booted:
            with opened(case, owing, bench, booted, seed) as probes:
                return Found(await ask(probes))
    except (NotMigrated, NotRunning) as error:
        return owing.cannot(rules, str(error), ran="start the service", reproduce=error.reproduce)


@contextmanager
def opened(case: Case, owing: Owing, bench: Bench, booted: Booted, seed: int) -> Iterator[Round]:
    """What the probes work with, for as long as the context is open."""
    with case.server.connect(booted.database.database) as connection:
        asker = Asker(case.contract, booted.service, store_of(case, connection), random.Random(seed))
        world = World(asker, Users(asker, case.binding, case.catalog), case.binding, case.catalog)
        yield Round(case, owing, world, booted.service, bench.record, seed)


async def _ask(probes: Round) -> tuple[Receipt, ...]:
    await provoke(probes)
    plain = await passwords.judge_plain(probes)
    cookie = await cookies.judge_cookies(probes)
    return (*plain, *_answers(probes), *_errors(probes), *cookie)


def _errors(probes: Round) -> tuple[Receipt, ...]:
    seen = probes.record.seen
    found = list(body_problems(probes.case.contract, seen))
    return probes.judge(
        "API-ERROR",
        [problem for problem, _ in found],
        ran=f"{errors_in(seen)} errors among {len(seen)} answers to all gates",
        found="every body has the shape of an error",
        reproduce=reproducer(found[0][1]) if found else "",
    )


def _answers(probes: Round) -> tuple[Receipt, ...]:
    seen = probes.record.seen
    ran = f"{len(seen)} answers to all gates: {statuses(seen)}"
    missing, first = header_problems(seen)
    falling, insecure = transport_problems(seen)
    return (
        *probes.judge("SEC-HEADERS", missing, ran=ran, found="all five in each", reproduce=reproducer(first)),
        *probes.judge(
            "SEC-HTTPS",
            falling,
            ran=ran,
            found="Strict-Transport-Security in each, no way to plain HTTP",
            reproduce=reproducer(insecure),
        ),
    )
