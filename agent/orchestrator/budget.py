"""What is left of a run's budget. Pure."""

from __future__ import annotations

from agent.developer.allowance import Allowance, Limit
from agent.errors import BudgetExhausted
from agent.loop.state import State
from agent.orchestrator.record import RunRecord


def allowance(record: RunRecord, state: State) -> Allowance:
    """What the next assignment may use up: the run's limits less all that the run has used, resumes included.

    Raises BudgetExhausted, naming the limit, when nothing is left.
    """
    usd = None if record.max_usd is None else record.max_usd - (state.usage.usd or 0)
    seconds = None if record.max_minutes is None else record.max_minutes * 60 - state.active.total_seconds()
    requests = None if record.max_requests is None else record.max_requests - state.usage.requests
    tokens = None if record.max_tokens is None else record.max_tokens - state.usage.tokens
    left: dict[Limit, float | None] = {
        "usd": None if usd is None else float(usd),
        "minutes": seconds,
        "model_requests": requests,
        "tokens": tokens,
    }
    for limit, rest in left.items():
        if rest is not None and rest <= 0:
            raise BudgetExhausted(in_words(record, limit))
    return Allowance(usd=usd, seconds=seconds, requests=requests, tokens=tokens)


def in_words(record: RunRecord, limit: Limit) -> str:
    """The run's limit as people read it: `2.00 USD`, `30 minutes`, `40 model requests`."""
    match limit:
        case "usd":
            return f"{record.max_usd} USD"
        case "minutes":
            return f"{record.max_minutes:g} minutes"
        case "model_requests":
            return f"{record.max_requests} model requests"
        case "tokens":
            return f"{record.max_tokens} tokens"
