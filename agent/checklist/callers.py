"""The gate headers, as far as single callers are asked about: whose rows, tokens, passwords and changes are whose.

It asks beside other checks; what judges the answers to everybody is in `headers`, and has to wait for them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping

from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.checklist.headers import asked
from agent.checklist.pasting import asked_again
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.store import NoRow
from agent.checklist.security import cookies, owners, passwords, refreshing, tokens
from agent.checklist.security.round import Round
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
    return await asked(case, owing, bench, RULES, _ask, seed)


async def _ask(probes: Round) -> tuple[Receipt, ...]:
    owing = probes.owing
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
