"""The gate headers, as far as single callers are asked about: whose rows, tokens, passwords and changes are whose.

It asks beside other checks; what judges the answers to everybody is in `headers`, and has to wait for them.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Collection, Mapping

from agent.checklist.booted import Bench, Booted
from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import NotMigrated
from agent.checklist.headers import opened
from agent.checklist.pasting import asked_again
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.store import NoRow
from agent.checklist.running import NotRunning
from agent.checklist.security import cookies, owners, passwords, refreshing, tokens
from agent.receipts import Receipt

RULES: Mapping[str, str] = {
    **owners.RULES,
    **tokens.RULES,
    **refreshing.RULES,
    **passwords.ASKED,
    **cookies.ASKED,
}


async def settle(case: Case, owing: Owing, bench: Bench, *, seed: int | None = None) -> Found:
    """Settle what the service owes single callers. Values are made up from a seed that the receipts name."""
    seed = secrets.randbits(32) if seed is None else seed
    try:
        async with bench.turn() as booted:
            return Found(await _ask(case, owing, bench, booted, seed))
    except (NotMigrated, NotRunning) as error:
        return owing.cannot(RULES, str(error), ran="start the service", reproduce=error.reproduce)


async def _ask(case: Case, owing: Owing, bench: Bench, booted: Booted, seed: int) -> tuple[Receipt, ...]:
    with opened(case, owing, bench, booted, seed) as probes:
        return (
            *await _or_cannot(owing, owners.RULES, owners.judge_owners(probes)),
            *await _or_cannot(owing, tokens.RULES, tokens.judge_tokens(probes)),
            *await _or_cannot(owing, refreshing.RULES, refreshing.judge_refreshing(probes)),
            *await _or_cannot(owing, ("PWD-HASH",), passwords.judge_hash(probes)),
            *await _or_cannot(owing, ("PWD-RULES",), passwords.judge_rules(probes)),
            *await _or_cannot(owing, ("SEC-CSRF",), cookies.judge_forgery(probes)),
        )


async def _or_cannot(
    owing: Owing, rules: Collection[str], judging: Awaitable[tuple[Receipt, ...]]
) -> tuple[Receipt, ...]:
    try:
        return await judging
    except (NoCredentials, NoRow) as error:
        return owing.cannot(rules, str(error), ran="get what a caller needs", reproduce=asked_again("callers")).receipts
