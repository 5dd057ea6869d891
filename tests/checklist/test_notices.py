"""Every defect is noticed by its own obligations, and by no other of the gate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

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
from agent.checklist.case import Case, Found, Owing
from agent.checklist.observing import settling
from agent.receipts import Outcome, Receipt
from evals.defects.collection import Defect, all_defects
from tests.checklist.conftest import GOOD, CaseOf
from tools.postgres.server import Database

_SEEDED = {
    "headers": headers.settle,
    "limits": lists.settle,
    "errors": main_path.settle,
}
_PLAIN = {
    "tests": tests.settle,
    "contract": contract.settle,
    "database": migrations.settle,
    "performance": performance.settle,
}


async def ask(defect: Defect, case: Case, bench: Bench) -> Found:
    """What the gate of the defect's folder finds; fuzzing takes time, and is left out where it is not needed."""
    owing, gate = Owing.of(case), defect.gate
    match gate:
        case "lint":
            return await lint.settle(case, owing)
        case "types":
            return await types.settle(case, owing)
        case "layout":
            return layout.settle(case, owing)
        case "observability":
            return await settling.settle(case, owing, bench, seed=7, turn=3.0)
        case "validation":
            budget = validation.FUZZING if "CON-RUNTIME" in defect.rules else 0.0
            return await validation.settle(case, owing, bench, seed=7, budget=budget)
        case _ if gate in _PLAIN:
            return await _PLAIN[gate](case, owing, bench)
        case _:
            return await _SEEDED[gate](case, owing, bench, seed=7)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One defect for each rule of a gate; all of them with `--every-defect`, which takes twice as long."""
    if "defect" in metafunc.fixturenames:
        chosen = all_defects() if metafunc.config.getoption("--every-defect") else tuple(_telling(all_defects()))
        metafunc.parametrize("defect", chosen, ids=lambda defect: defect.name)


def _telling(defects: Iterable[Defect]) -> Iterator[Defect]:
    """Those that are noticed by a rule that none before was noticed by."""
    seen: set[tuple[str, str]] = set()
    for defect in defects:
        rules = {(defect.gate, rule) for rule in defect.rules}
        if rules - seen:
            yield defect
        seen |= rules


async def test_a_defect_is_noticed(defect: Defect, case_of: CaseOf, migrated: Database) -> None:
    case = case_of(defect.files(GOOD))
    bench = Bench(case, ready=migrated)
    try:
        found = await ask(defect, case, bench)
    finally:
        await bench.close()
    failed = {receipt.obligation.id: receipt for receipt in found.receipts if receipt.outcome is Outcome.FAILED}
    assert failed.keys() == defect.noticed, "\n".join(map(told, failed.values()))
    assert all(receipt.found for receipt in failed.values())


def told(receipt: Receipt) -> str:
    return f"{receipt.obligation.id}: {receipt.ran}\n  {receipt.found}\n  {receipt.reproduce}"
