"""In which order checks run, and how many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent.checklist.check import Check, Turn

AT_ONCE = 3
"""Checks beside each other: on two cores one of three usually waits, for a timer, the database or a process's start."""
QUICK = 2.0
"""Seconds that a check may cost to go before the others, in a line of its own: whoever watches is told it at once."""


@dataclass(frozen=True, slots=True)
class Line:
    """Checks in the order in which they begin."""

    at_once: int
    """How many of them run at a time."""
    checks: tuple[Check, ...]


def to_run(checks: Sequence[Check], settled: Collection[str]) -> tuple[Check, ...]:
    """Those that have to run when the checks of these names have settled before.

    Who judges the answers that others were given needs all of them: then everybody asks again.
    """
    missing = [one for one in checks if one.name not in settled]
    hearing = any(one.turn is Turn.AFTER for one in missing)
    return tuple(one for one in checks if one in missing or (hearing and _asks(one)))


def _asks(check: Check) -> bool:
    return check.turn is Turn.BESIDE and check.boots != "no service"


def turns(checks: Collection[Check]) -> Iterator[tuple[Line, ...]]:
    """The lines of each turn, which go side by side; one turn begins when the one before is done."""
    for turn in Turn:
        mine = [one for one in checks if one.turn is turn]
        if mine:
            yield _beside(mine) if turn is Turn.BESIDE else (Line(1, _dearest_first(mine)),)


def _beside(checks: Sequence[Check]) -> tuple[Line, ...]:
    # What boots the service comes after what only reads: its first start waits for the migrations.
    quick = sorted((one for one in checks if one.seconds <= QUICK), key=lambda one: (_asks(one), one.seconds))
    others = _dearest_first(one for one in checks if one.seconds > QUICK)
    return Line(1 if others else AT_ONCE, tuple(quick)), Line(AT_ONCE, others)


def _dearest_first(checks: Iterable[Check]) -> tuple[Check, ...]:
    return tuple(sorted(checks, key=lambda one: -one.seconds))


async def run_all[Result](checks: Collection[Check], run: Callable[[Check], Awaitable[Result]]) -> list[Result]:
    """What `run` gives for each check. The first error ends all that run."""
    results: list[Result] = []
    for lines in turns(checks):
        async with asyncio.TaskGroup() as group:
            running = [task for line in lines for task in _begun(line, run, group)]
        results += [task.result() for task in running]
    return results


def _begun[Result](
    line: Line, run: Callable[[Check], Awaitable[Result]], group: asyncio.TaskGroup
) -> list[asyncio.Task[Result]]:
    seats = asyncio.Semaphore(line.at_once)

    async def seated(check: Check) -> Result:
        async with seats:
            return await run(check)

    return [group.create_task(seated(check)) for check in line.checks]
