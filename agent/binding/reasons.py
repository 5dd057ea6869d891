"""Why something cannot be derived."""

from __future__ import annotations

from collections.abc import Callable, Iterable


class Undecided(Exception):
    """Contract and catalog do not say what an operation does; becomes the reason of a hole, never reaches a caller."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def all_or_reasons[Item, Result](items: Iterable[Item], derive: Callable[[Item], Result]) -> tuple[Result, ...]:
    """What `derive` gives for each item; raises `Undecided` with the reasons of all that failed, not only the first."""
    results: list[Result] = []
    reasons: list[str] = []
    for item in items:
        try:
            results.append(derive(item))
        except Undecided as problem:
            reasons.extend(reason for reason in problem.reasons if reason not in reasons)
    if reasons:
        raise Undecided(*reasons)
    return tuple(results)
