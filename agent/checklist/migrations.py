"""The gate database: migrations up, down and up again; the schema's own rules."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from agent.catalog.compare import catalog_differences
from agent.catalog.loading import catalog_of
from agent.catalog.model import Catalog
from agent.checklist import schema
from agent.checklist.case import Case, Found, Owing, joined
from agent.checklist.databases import Databases, Opened, tail
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    "MIG-TOOL": "database: the migration tool finds migrations in the tree",
    "MIG-VCS": "database: heads as the migration tool counts them",
    "MIG-ROLLBACK": "database: up, down, up; the catalog compared with the supplied schema",
    **schema.RULES,
}

_SHOWN = 400


async def settle(case: Case, owing: Owing, databases: Databases) -> Found:
    """Settle what the gate database owes."""
    heads, rollback = await _heads(case, owing), await _up_down_up(case, owing, databases)
    return joined((heads, rollback, schema.settle(case, owing)))


async def _heads(case: Case, owing: Owing) -> Found:
    result = await case.stack.migration_heads(case.workspace)
    ran = " ".join(result.command)
    if not result.ok:
        return owing.cannot(("MIG-TOOL", "MIG-VCS"), f"the heads cannot be read: {tail(result)}", ran=ran)
    heads = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    none = [] if heads else ["the migration tool finds no migration"]
    several = [f"{len(heads)} heads: {', '.join(heads)}; merge them into one line"] if len(heads) > 1 else []
    receipts: list[Receipt] = [
        *owing.judge(
            "MIG-TOOL", none, ran=ran, found=f"head {', '.join(heads)}", reproduce=ran, seconds=result.seconds
        ),
        *owing.judge("MIG-VCS", none + several, ran=ran, found="one head", reproduce=ran, seconds=result.seconds),
    ]
    return Found(tuple(receipts))


async def _up_down_up(case: Case, owing: Owing, databases: Databases) -> Found:
    problems: list[str] = []
    commands: list[str] = []
    seconds = 0.0
    async with databases.empty() as database:
        empty = await _catalog(case, database)
        found: list[Catalog] = []
        for direction in ("up", "down", "up"):
            result = await case.stack.migrate(case.workspace, database.access, "down" if direction == "down" else "up")
            commands.append(" ".join(result.command))
            seconds += result.seconds
            if not result.ok:
                problems.append(f"{direction} failed: {tail(result)}")
                break
            found.append(await _catalog(case, database))
            expected = empty if direction == "down" else case.catalog
            left = "; ".join(catalog_differences(expected, found[-1]))[:_SHOWN]
            if left:
                meant = "nothing is left" if direction == "down" else "the catalog equals the supplied schema"
                problems.append(f"after {direction} number {1 + len(found) // 3}, expected that {meant}: {left}")
    ran = " && ".join(dict.fromkeys(commands))
    receipts = owing.judge(
        "MIG-ROLLBACK",
        problems,
        ran=ran,
        found="the catalog equals the supplied schema after up, is empty after down, and equal again after up",
        reproduce=ran,
        seconds=seconds,
    )
    return Found(receipts)


async def _catalog(case: Case, database: Opened) -> Catalog:
    return await asyncio.to_thread(catalog_of, case.server, database.database)
