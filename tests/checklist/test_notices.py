"""Every defect is noticed by its own obligations, and by no other of the gate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from agent.checklist import validation
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing, joined
from agent.checklist.check import Check
from agent.checklist.checklist import CHECKS, checks_for
from agent.checklist.observing import settling
from agent.receipts import Outcome, Receipt
from evals.defects.collection import Defect, all_defects
from tests.checklist.conftest import GOOD, CaseOf
from tools.postgres.server import Database


async def ask(defect: Defect, case: Case, bench: Bench) -> Found:
    """What the checks find that settle the rules of the defect."""
    owing, names = Owing.of(case), checks_for(defect.rules)
    return joined([await _ask(check, defect, case, owing, bench) for check in CHECKS if check.name in names])


async def _ask(check: Check, defect: Defect, case: Case, owing: Owing, bench: Bench) -> Found:
    """Fuzzing takes time, and is left out where it is not needed; readiness is not waited for as long."""
    if check.settle is validation.settle and "CON-RUNTIME" not in defect.rules:
        return await validation.settle(case, owing, bench, budget=0.0)
    if check.settle is settling.settle:
        return await settling.settle(case, owing, bench, turn=3.0)
    return await check.settle(case, owing, bench)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One defect for each rule of a gate; all of them with `--every-defect`, which takes twice as long."""
    if "defect" in metafunc.fixturenames:
        seeded = [defect for defect in all_defects() if defect.service == "notes"]
        chosen = seeded if metafunc.config.getoption("--every-defect") else list(_telling(seeded))
        metafunc.parametrize("defect", chosen, ids=lambda defect: defect.name)


def _telling(defects: Iterable[Defect]) -> Iterator[Defect]:
    """Those that are noticed by a rule that none before was noticed by."""
    seen: set[str] = set()
    for defect in defects:
        if defect.rules - seen:
            yield defect
        seen |= defect.rules


async def test_a_defect_is_noticed(defect: Defect, case_of: CaseOf, migrated: Database) -> None:
    case = case_of(defect.files(GOOD))
    bench = Bench(case, ready=None if "migrations/" in str(defect.patches) else migrated)
    try:
        found = await ask(defect, case, bench)
    finally:
        await bench.close()
    failed = {receipt.obligation.id: receipt for receipt in found.receipts if receipt.outcome is Outcome.FAILED}
    assert failed.keys() == defect.noticed, "\n".join(map(told, failed.values()))
    assert all(receipt.found for receipt in failed.values())


def told(receipt: Receipt) -> str:
    return f"{receipt.obligation.id}: {receipt.ran}\n  {receipt.found}\n  {receipt.reproduce}"
