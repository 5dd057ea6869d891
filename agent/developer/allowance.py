"""What an assignment may use up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Limit = Literal["usd", "minutes", "model_requests", "tokens"]
"""What can run out; a closed set, named as in the task's budget."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of the budget; None where there is no limit."""

    usd: Decimal | None = None
    """Never exceeded: a request is sent only when its worst case still fits."""
    seconds: float | None = None
    requests: int | None = None
    tokens: int | None = None
    """In and out together, those read from the provider's cache included. Never exceeded either."""
