"""The judge: every gate on one worktree, and one verdict.

Gates that only read share the machine two at a time; the load probe runs alone, after all others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from agent.checklist import (
    contract,
    headers,
    layout,
    lint,
    lists,
    main_path,
    migrations,
    performance,
    tests,
    types,
    validation,
)
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, GateEvent, GateFinished, GateStarted, Owing, joined
from agent.checklist.databases import NotMigrated
from agent.checklist.observing import settling
from agent.receipts import Verdict, verdict
from agent.rulebook.model import Gate
from agent.stacks.base import ServiceBroken
from tools.errors import ToolError

__all__ = ["Case", "GateEvent", "GateFinished", "GateStarted", "settle", "settled_by"]

_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class _Check:
    gate: Gate
    rules: Mapping[str, str]
    settle: Callable[[Case, Owing, Bench], Awaitable[Found]]


async def _lint(case: Case, owing: Owing, _: Bench) -> Found:
    return await lint.settle(case, owing)


async def _types(case: Case, owing: Owing, _: Bench) -> Found:
    return await types.settle(case, owing)


async def _layout(case: Case, owing: Owing, _: Bench) -> Found:
    return layout.settle(case, owing)


_CHECKS: Sequence[_Check] = (
    _Check(Gate.LAYOUT, layout.RULES, _layout),
    _Check(Gate.LINT, lint.RULES, _lint),
    _Check(Gate.VALIDATION, validation.RULES, validation.settle),
    _Check(Gate.TESTS, tests.RULES, tests.settle),
    _Check(Gate.TYPES, types.RULES, _types),
    _Check(Gate.OBSERVABILITY, settling.RULES, settling.settle),
    _Check(Gate.ERRORS, main_path.RULES, main_path.settle),
    _Check(Gate.LIMITS, lists.RULES, lists.settle),
    _Check(Gate.CONTRACT, contract.RULES, contract.settle),
    _Check(Gate.DATABASE, migrations.RULES, migrations.settle),
)
"""Those that may run at the same time, the longest early."""

_AFTERWARDS: Sequence[_Check] = (
    _Check(Gate.HEADERS, headers.RULES, headers.settle),
    _Check(Gate.PERFORMANCE, performance.RULES, performance.settle),
)
"""Those that run alone, one after the other: one judges what all others were answered, one measures."""


def settled_by() -> Mapping[str, str]:
    """Rule id → the check that settles it; rules that are not here stay unchecked."""
    return {rule: how for check in (*_CHECKS, *_AFTERWARDS) for rule, how in check.rules.items()}


def _silent(_: GateEvent) -> None:
    return


async def settle(
    case: Case, progress: Callable[[GateEvent], None] = _silent, *, known: Sequence[GateFinished] = ()
) -> Verdict:
    """Judge the worktree as it is now.

    What no check settles stays unchecked; what a check could not look at has failed. Nothing in the worktree changes.
    Gates in `known` have settled on this very tree before, and are not asked again; the caller vouches for that.
    """
    owing = Owing.of(case)
    bench = Bench(case)
    seats = asyncio.Semaphore(_AT_ONCE)
    before = {one.gate: Found(one.receipts, one.measures) for one in known}

    async def seated(check: _Check) -> Found:
        async with seats:
            return await _run(check, case, owing, bench, progress)

    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(seated(check)) for check in _CHECKS if check.gate not in before]
        found = [*before.values(), *(task.result() for task in running)]
        for check in _AFTERWARDS:
            if check.gate not in before:
                found.append(await _run(check, case, owing, bench, progress))
    finally:
        await bench.close()
    whole = joined(found)
    return verdict(owing.tree, owing.obligations, whole.receipts, dict(owing.gates), whole.measures)


async def _run(check: _Check, case: Case, owing: Owing, bench: Bench, progress: Callable[[GateEvent], None]) -> Found:
    progress(GateStarted(check.gate))
    started = time.monotonic()
    try:
        found = await check.settle(case, owing, bench)
    except (ToolError, ServiceBroken, NotMigrated, OSError, psycopg.Error) as error:
        found = owing.cannot(check.rules, f"the gate {check.gate} could not run: {error}")
    progress(GateFinished(check.gate, found.receipts, found.measures, time.monotonic() - started))
    return found
