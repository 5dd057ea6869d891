"""What an assignment may use up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Limit = Literal["usd", "minutes", "model_requests"]
"""What can run out; a closed set, named as in the task's budget."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of the budget; None where there is no limit."""

    usd: Decimal | None = None
    """The answer that goes beyond it is still paid for: what it costs is known only when it is there."""
    seconds: float | None = None
    requests: int | None = None
