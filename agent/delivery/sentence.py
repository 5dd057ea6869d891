"""The closing sentence: what was delivered, in numbers that were measured; else what is missing, first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from agent.journal.events import OpenHole
from agent.receipts import Measures, Outcome, Verdict

_NAMED = 3
"""How many holes or failures the sentence names."""


def closing_sentence(
    outcome: str,
    verdict: Verdict | None,
    holes: Sequence[OpenHole],
    run: str,
    stopped_by: str = "",
    written: Sequence[str] = (),
) -> str:
    """A few plain sentences. Numbers are rounded so that they never promise more than was measured, and what a model
    made of an operation's description (`written`, operations) is never told without saying that nobody checked it."""
    return " ".join(filter(None, [_outcome(outcome, verdict, holes, run, stopped_by), _doubted(written)]))


def _outcome(outcome: str, verdict: Verdict | None, holes: Sequence[OpenHole], run: str, stopped_by: str) -> str:
    missing = _missing(verdict, holes)
    match outcome:
        case "complete" if not missing and verdict:
            return _complete(verdict.measures)
        case "budget":
            return f"The budget{f' ({stopped_by})' if stopped_by else ''} is used up. {_sentence(missing)}"
        case "interrupted":
            return f"Interrupted; `agent resume {run}` continues. {_sentence(missing)}"
        case _:
            return _sentence(missing)


def _doubted(written: Sequence[str]) -> str:
    if not written:
        return ""
    does = "does what its description says" if len(written) == 1 else "do what their descriptions say"
    return f"Written by a model: no check knows whether {_some(written, _and)} {does}."


def _complete(measures: Measures) -> str:
    return (
        f"Backend implementation completed. Delivered {measures.endpoints} endpoints with full validation, "
        f"OpenAPI documentation, and {_floor(measures.coverage_percent or 0)}% test coverage. "
        f"Response time < {math.floor(measures.p95_ms or 0) + 1}ms p95. Ready for integration."
    )


def _missing(verdict: Verdict | None, holes: Sequence[OpenHole]) -> list[str]:
    """What stands between this and a complete delivery, the weightiest first."""
    if verdict is None:
        return ["nothing has been checked"]
    found = []
    if holes:
        found.append(f"{_are(len(holes), 'operation')} not written ({_some([hole.operation for hole in holes])})")
    counts = verdict.count()
    checked = counts[Outcome.MET] + counts[Outcome.FAILED]
    if verdict.failed:
        names = _some([receipt.obligation.id for receipt in verdict.failed])
        found.append(f"{counts[Outcome.FAILED]} of {checked} checked obligations are not met ({names})")
    if not checked:
        found.append("nothing has been checked")
    return found or _unmeasured(verdict.measures)


def _unmeasured(measures: Measures) -> list[str]:
    missing = measures.unmeasured
    if not missing:
        return []
    return [
        f"every checked obligation is met, but {_and(missing)} {'was' if len(missing) == 1 else 'were'} not measured"
    ]


def _sentence(missing: Sequence[str]) -> str:
    return f"Not ready for integration: {_and(missing)}." if missing else "Every checked obligation is met."


def _are(count: int, noun: str) -> str:
    return f"{count} {noun} is" if count == 1 else f"{count} {noun}s are"


def _some(names: Sequence[str], joined: Callable[[Sequence[str]], str] = ", ".join) -> str:
    more = len(names) - _NAMED
    return f"{', '.join(names[:_NAMED])} and {more} more" if more > 0 else joined(names)


def _and(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def _floor(percent: float) -> str:
    return f"{math.floor(percent * 10 + 1e-9) / 10:g}"
