"""The gate errors: every operation asked on its main path, and with the errors that its statuses are made for."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Mapping

from agent.checklist import stamps
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import NotMigrated
from agent.checklist.probe.asking import Asker
from agent.checklist.probe.fitting import store_of
from agent.checklist.probe.judging import Notes
from agent.checklist.probe.probing import probe
from agent.checklist.probe.users import Users
from agent.checklist.probe.world import World
from agent.checklist.running import NotRunning, Running
from agent.receipts import Measures, Receipt
from tools.postgres.server import Database

RULES: Mapping[str, str] = {
    "API-STATUS": "errors: status on the main path and of provoked errors, by operation",
    "API-METHODS": "errors: answer beside its declaration, effect read back, by operation",
    **stamps.RULES,
}

_ASKED_SHOWN = 8


async def settle(case: Case, owing: Owing, bench: Bench, *, seed: int | None = None) -> Found:
    """Settle what the main path of every operation owes. Values are made up from a seed that the receipts name."""
    seed = secrets.randbits(32) if seed is None else seed
    try:
        async with bench.turn() as booted:
            return await ask_all(case, owing, booted.service, booted.database.database, seed)
    except (NotMigrated, NotRunning) as error:
        ran, rules = "start the service", RULES.keys() - stamps.RULES.keys()
        found = owing.cannot(rules, str(error), ran=ran, reproduce=error.reproduce)
        return Found((*found.receipts, *stamps.judge(case, owing, (), ran, str(error))))


async def ask_all(case: Case, owing: Owing, service: Running, database: Database, seed: int) -> Found:
    """Ask a running service for every operation of the contract."""
    receipts: list[Receipt] = []
    unkept: list[tuple[str, str, str]] = []
    held = 0
    chance = random.Random(seed)
    with case.server.connect(database) as connection:
        asker = Asker(case.contract, service, store_of(case, connection), chance)
        users = Users(asker, case.binding, case.catalog)
        world = World(asker, users, case.binding, case.catalog)
        for bound in case.binding.operations:
            started = time.perf_counter()
            notes = await probe(world, bound)
            held += notes.reached and not notes.status and not notes.effect
            receipts += _receipts(owing, notes, seed, time.perf_counter() - started)
            unkept += notes.stamps
    ran = f"catalog; rows before and after each operation that makes or changes one (seed {seed})"
    receipts += stamps.judge(case, owing, unkept, ran)
    return Found(tuple(receipts), Measures(endpoints=held))


def _receipts(owing: Owing, notes: Notes, seed: int, seconds: float) -> tuple[Receipt, ...]:
    asked = notes.asked[:_ASKED_SHOWN] + (
        [f"… {len(notes.asked) - _ASKED_SHOWN} more"] if len(notes.asked) > _ASKED_SHOWN else []
    )
    ran = f"{'; '.join(asked) or 'nothing could be asked'} (seed {seed})"
    return tuple(
        receipt
        for rule, problems in (("API-STATUS", notes.status), ("API-METHODS", notes.effect))
        if notes.operation.key in owing.subjects(rule)
        for receipt in owing.judge(
            rule,
            problems,
            subject=notes.operation.key,
            ran=ran,
            found="as declared",
            reproduce=notes.reproduce,
            seconds=seconds,
        )
    )
