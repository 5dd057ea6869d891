"""Every defect is noticed by its own obligations, and by no other of the gate."""

from __future__ import annotations

import pytest

from agent.checklist import contract, layout, lint, main_path, migrations, performance, service, tests, types
from agent.checklist.case import Case, Found, Owing
from agent.checklist.databases import Databases
from agent.receipts import Outcome, Receipt
from tests.checklist.conftest import CaseOf
from tests.checklist.defects import DEFECTS, Defect
from tools.postgres.server import Database


async def ask(gate: str, case: Case, databases: Databases) -> Found:
    owing = Owing.of(case)
    match gate:
        case "lint":
            return await lint.settle(case, owing)
        case "types":
            return await types.settle(case, owing)
        case "layout":
            return layout.settle(case, owing)
        case "tests":
            return await tests.settle(case, owing, databases)
        case "contract":
            return await contract.settle(case, owing, databases)
        case "migrations":
            return await migrations.settle(case, owing, databases)
        case "service":
            return await service.settle(case, owing, databases, turn=3.0)
        case "performance":
            return await performance.settle(case, owing, databases)
        case _:
            return await main_path.settle(case, owing, databases, seed=7)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name.replace(" ", "-"))
async def test_a_defect_is_noticed(defect: Defect, case_of: CaseOf, migrated: Database) -> None:
    case = case_of(defect.files())
    found = await ask(defect.gate, case, Databases(case, ready=migrated))
    failed = {receipt.obligation.id: receipt for receipt in found.receipts if receipt.outcome is Outcome.FAILED}
    assert failed.keys() == defect.noticed, "\n".join(map(told, failed.values()))
    assert all(receipt.found for receipt in failed.values())


def told(receipt: Receipt) -> str:
    return f"{receipt.obligation.id}: {receipt.ran}\n  {receipt.found}\n  {receipt.reproduce}"
