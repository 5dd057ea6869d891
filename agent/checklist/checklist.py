"""The judge: every check on one worktree, and one verdict. New checks are entered into `CHECKS`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import httpx
import psycopg

from agent.checklist import (
    bulk,
    callers,
    contract,
    delivered,
    depth,
    headers,
    layout,
    lint,
    lists,
    main_path,
    migrations,
    performance,
    repeating,
    tests,
    types,
    validation,
)
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, GateEvent, GateFinished, GateStarted, Owing, joined
from agent.checklist.check import Check, Turn
from agent.checklist.databases import NotMigrated
from agent.checklist.lacking import told_once
from agent.checklist.memory import Memory
from agent.checklist.observing import settling
from agent.checklist.pasting import asked_again, pasteable
from agent.checklist.probe.accounts import NoCredentials
from agent.checklist.probe.store import NoRow
from agent.checklist.remembering import Remembering
from agent.checklist.scheduling import run_all, to_run
from agent.checklist.security import source
from agent.checklist.sharing import settling as sharing
from agent.receipts import Receipt, Verdict, verdict
from agent.rulebook.model import Gate
from agent.stacks.base import ServiceBroken
from tools.errors import ToolError

__all__ = ["Case", "GateEvent", "GateFinished", "GateStarted", "settle", "settled_by"]


async def _lint(case: Case, owing: Owing, _: Bench) -> Found:
    return await lint.settle(case, owing)


async def _types(case: Case, owing: Owing, _: Bench) -> Found:
    return await types.settle(case, owing)


async def _layout(case: Case, owing: Owing, _: Bench) -> Found:
    return layout.settle(case, owing)


async def _secrets(case: Case, owing: Owing, _: Bench) -> Found:
    return Found(await asyncio.to_thread(source.judge_source, case, owing))


_PREVENTED = (
    ToolError,
    ServiceBroken,
    NotMigrated,
    NoCredentials,
    NoRow,
    httpx.HTTPError,
    OSError,
    psycopg.Error,
)
"""What keeps a check from looking, and fails what it settles."""

CHECKS: Sequence[Check] = (
    Check("layout", Gate.LAYOUT, layout.RULES, _layout, 0.3),
    Check("lint", Gate.LINT, lint.RULES, _lint, 0.3),
    Check("bulk", Gate.PERFORMANCE, bulk.RULES, bulk.settle, 0.1),
    Check("depth", Gate.VALIDATION, depth.RULES, depth.settle, 0.4),
    Check("secrets", Gate.HEADERS, source.RULES, _secrets, 1.0),
    Check("types", Gate.TYPES, types.RULES, _types, 2.0),
    Check("contract", Gate.CONTRACT, contract.RULES, contract.settle, 1.6, "the shared service"),
    Check("errors", Gate.ERRORS, main_path.RULES, main_path.settle, 3.7, "the shared service"),
    Check("validation", Gate.VALIDATION, validation.RULES, validation.settle, 27.0, "a service of its own"),
    Check("tests", Gate.TESTS, tests.RULES, tests.settle, 30.0),
    Check("observability", Gate.OBSERVABILITY, settling.RULES, settling.settle, 24.0, "a service of its own"),
    Check("limits", Gate.LIMITS, lists.RULES, lists.settle, 3.3, "a service of its own"),
    Check("repeating", Gate.LIMITS, repeating.RULES, repeating.settle, 1.5, "the shared service"),
    Check("sharing", Gate.LIMITS, sharing.RULES, sharing.settle, 5.0, "a service of its own"),
    Check("database", Gate.DATABASE, migrations.RULES, migrations.settle, 3.7),
    Check("callers", Gate.HEADERS, callers.RULES, callers.settle, 2.5, "the shared service"),
    Check("headers", Gate.HEADERS, headers.RULES, headers.settle, 2.5, "the shared service", turn=Turn.AFTER),
    Check(
        "performance",
        Gate.PERFORMANCE,
        performance.RULES,
        performance.settle,
        5.0,
        "a service of its own",
        turn=Turn.ALONE,
    ),
)
"""All checks. A new one needs a line here: in which order they run follows from their cost and their turn."""


def settled_by() -> Mapping[str, str]:
    """Rule id → the check that settles it; rules that are not here stay unchecked."""
    parts = [*(check.rules for check in CHECKS), delivered.RULES]
    return {rule: how for rules in parts for rule, how in rules.items()}


def looking_at() -> Mapping[str, Mapping[str, str]]:
    """Rule id → what its check is called, costs, boots and looks at, in words; rules of the delivery are not here."""
    return {rule: check.described for check in CHECKS for rule in check.rules}


def checks_for(rules: Collection[str]) -> frozenset[str]:
    """Names of the checks that settle any of these rules."""
    return frozenset(check.name for check in CHECKS if check.rules.keys() & set(rules))


def _silent(_: GateEvent) -> None:
    return


async def settle(
    case: Case,
    progress: Callable[[GateEvent], None] = _silent,
    *,
    known: Sequence[GateFinished] = (),
    only: Collection[str] | None = None,
    beside: Sequence[Check] = (),
    memory: Memory | None = None,
) -> Verdict:
    """Judge the worktree as it is now; with `only`, by the checks of these names alone, and those `beside` them.

    What no check settles stays unchecked; what a check could not look at has failed. Nothing in the worktree changes.
    Checks in `known` have settled on this very tree before, and are not asked again; the caller vouches for that. What
    the `memory` holds for the same inputs is not asked again either; what is found is kept there.
    """
    owing = Owing.of(case)
    bench = Bench(case)
    wanted = [check for check in CHECKS if only is None or check.name in only]
    # Who judges the answers to others hears too little when few are asked: that is no lasting result.
    lasting = [check for check in wanted if only is None or check.turn is not Turn.AFTER]
    remembering = Remembering.of(memory, case, owing, lasting)
    before = {one.check: one for one in (*remembering.recalled, *known)}
    asked = (*to_run(wanted, before.keys()), *beside)
    again = {check.name for check in asked}
    settled = [one for name, one in before.items() if name not in again]
    for one in settled:
        if one not in known:
            progress(one)
    try:
        finished = await run_all(asked, lambda check: _run(check, case, owing, bench, progress))
    finally:
        await bench.close()
    remembering.keep(finished)
    remembering.keep_ran(bench.ran)
    whole = joined(Found(one.receipts, one.measures) for one in (*settled, *finished))
    if only is None:
        whole = joined([whole, pasteable(delivered.settle(case, owing, whole))])
    receipts = (*whole.receipts, *_unsettled(owing, whole))
    return verdict(owing.tree, owing.obligations, receipts, dict(owing.gates), whole.measures)


def _unsettled(owing: Owing, found: Found) -> Iterator[Receipt]:
    """Left open, because nobody was asked who could settle it: with what settles it, where something does."""
    settled, names = (
        {one.obligation for one in found.receipts},
        {rule: check.name for check in CHECKS for rule in check.rules},
    )
    for one in owing.obligations:
        if one in settled:
            continue
        if one.rule in names:
            why, asked = f"not asked: it is settled by the check {names[one.rule]}", asked_again(names[one.rule])
        elif one.rule in delivered.RULES:
            why, asked = "not asked: it follows from all checks together", asked_again()
        else:
            why, asked = "no check settles this rule: it takes a person", f"agent rules {one.rule}"
        for receipt in owing.leave(one.rule, why, subject=one.subject):
            yield receipt.model_copy(update={"reproduce": asked})


async def _run(
    check: Check, case: Case, owing: Owing, bench: Bench, progress: Callable[[GateEvent], None]
) -> GateFinished:
    progress(GateStarted(check.name, check.gate))
    started = time.monotonic()
    try:
        found = await check.settle(case, owing, bench)
    except _PREVENTED as error:
        why = f"the check {check.name} could not run: {error}"
        found = owing.cannot(check.rules, why, reproduce=asked_again(check.name))
    found = pasteable(told_once(found, case.workspace), check.name)
    finished = GateFinished(check.name, check.gate, found.receipts, found.measures, time.monotonic() - started)
    progress(finished)
    return finished
