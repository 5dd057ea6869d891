"""The good service: everything that is checked is met."""

from __future__ import annotations

from shutil import which

from agent.checklist.checklist import Case, GateEvent, GateFinished, GateStarted, settle, settled_by
from agent.checklist.pasting import NOT_APPLICABLE
from agent.receipts import Outcome

OPEN = {
    *("PRF-CACHE", "PRF-DB", "PRF-P95", "PRF-RPS", "PRF-PROFILE", "SEC-COOKIES", "SEC-CSRF"),
    *(() if which("tsc") else ("COL-FRONTEND",)),
}
"""What may stay open: nothing in the service is the same for everybody, so nothing has to be kept; load is not decided
on a machine that others keep busy; without a missed bound there is no profile; no answer sets a cookie; a typed client
is compiled by `tsc`."""


async def test_every_checked_rule_is_met(good: Case) -> None:
    events: list[GateEvent] = []
    verdict = await settle(good, events.append)
    failed = "\n\n".join(f"{one.obligation.id} {one.ran}\n{one.found}\n{one.reproduce}" for one in verdict.failed)
    assert not verdict.failed, failed
    met = {receipt.rule for receipt in verdict.receipts if receipt.outcome is Outcome.MET}
    owed = {receipt.rule for receipt in verdict.receipts}
    assert owed.intersection(settled_by()) - met <= OPEN
    open_ones = [one for one in verdict.receipts if one.outcome is Outcome.UNCHECKED]
    unexplained = [one.obligation.id for one in open_ones if not one.found]
    assert not unexplained
    assert all(one.reproduce or one.found.startswith(NOT_APPLICABLE) for one in open_ones), open_ones
    assert verdict.measures.endpoints == len(good.contract.operations)
    assert [one.gate for one in events if isinstance(one, GateFinished)]
    assert {one.gate for one in events if isinstance(one, GateStarted)} == {
        one.gate for one in events if isinstance(one, GateFinished)
    }
