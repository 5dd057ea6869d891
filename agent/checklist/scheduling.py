"""In which order checks run, and how many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence

from agent.checklist.check import Check, Turn

AT_ONCE = 3
"""Checks beside each other: on two cores one of three usually waits, for a timer, the database or a process's start."""


def to_run(checks: Sequence[Check], settled: Collection[str]) -> tuple[Check, ...]:
    """Those that have to run when the checks of these names have settled before.

    Who judges the answers that others were given needs all of them: then everybody asks again.
    """
    missing = [one for one in checks if one.name not in settled]
    hearing = any(one.turn is Turn.AFTER for one in missing)
    return tuple(one for one in checks if one in missing or (hearing and _asks(one)))


def _asks(check: Check) -> bool:
    return check.turn is Turn.BESIDE and check.boots != "no service"


def turns(checks: Iterable[Check]) -> Iterator[tuple[int, tuple[Check, ...]]]:
    """How many may run at a time, and which, one turn after the other; within a turn the dearest come first."""
    ordered = sorted(checks, key=lambda one: -one.seconds)
    for turn in Turn:
        mine = tuple(one for one in ordered if one.turn is turn)
        if mine:
            yield (AT_ONCE if turn is Turn.BESIDE else 1), mine


async def run_all[Result](checks: Iterable[Check], run: Callable[[Check], Awaitable[Result]]) -> list[Result]:
    """What `run` gives for each check. The first error ends all that run."""
    results: list[Result] = []
    for at_once, mine in turns(checks):
        seats = asyncio.Semaphore(at_once)

        async def seated(check: Check, seats: asyncio.Semaphore = seats) -> Result:
            async with seats:
                return await run(check)

        async with asyncio.TaskGroup() as group:
            running = [group.create_task(seated(check)) for check in mine]
        results += [task.result() for task in running]
    return results
