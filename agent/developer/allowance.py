"""What an assignment may use up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of the budget; None where there is no limit."""

    usd: Decimal | None = None
    seconds: float | None = None
    requests: int | None = None
