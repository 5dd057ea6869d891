"""What is left of a run's budget. Pure."""

from __future__ import annotations

from agent.developer.allowance import Allowance
from agent.errors import BudgetExhausted
from agent.loop.state import State
from agent.orchestrator.record import RunRecord


def allowance(record: RunRecord, state: State) -> Allowance:
    """What the next assignment may use up. Raises BudgetExhausted, naming the limit, when nothing is left."""
    usd = None if record.max_usd is None else record.max_usd - (state.usage.usd or 0)
    if usd is not None and usd <= 0:
        raise BudgetExhausted(f"{record.max_usd} USD")
    seconds = None if record.max_minutes is None else record.max_minutes * 60 - state.active.total_seconds()
    if seconds is not None and seconds <= 0:
        raise BudgetExhausted(f"{record.max_minutes:g} minutes")
    requests = None if record.max_requests is None else record.max_requests - state.usage.requests
    if requests is not None and requests <= 0:
        raise BudgetExhausted(f"{record.max_requests} model requests")
    return Allowance(usd=usd, seconds=seconds, requests=requests)
