"""STK-REDIS: what lies in Redis, as far as anybody got in who could leave something there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from agent.binding.deriving import bind
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Owing
from agent.checklist.sharing.instances import two_instances
from agent.checklist.sharing.state import judge_redis
from agent.contract.loading import load_contract
from agent.receipts import Outcome, Receipt
from evals.defects.collection import all_defects
from tests.checklist.conftest import GOOD, CaseOf


@pytest.fixture
def without_limits(case_of: CaseOf) -> Case:
    """The good service, but that it counts nobody, and so keeps nothing in its Redis."""
    (defect,) = (one for one in all_defects() if one.name == "notes/limits/everything-without-a-limit")
    return case_of(defect.files(GOOD))


def behind_keys(case: Case, folder: Path) -> Case:
    """The same with a contract that knows no way in: callers come with keys, and nobody knows where they are from."""
    document = json.loads((GOOD / "openapi.json").read_text())
    document["paths"] = {path: one for path, one in document["paths"].items() if "/auth/" not in path}
    schemes = document["components"]["securitySchemes"]
    for name in schemes:
        schemes[name] = {"type": "apiKey", "in": "header", "name": "X-Key"}
    (folder / "openapi.json").write_text(json.dumps(document))
    contract = load_contract(folder / "openapi.json")
    return replace(case, contract=contract, binding=bind(contract, case.catalog))


async def judged(case: Case) -> Receipt:
    owing, bench = Owing.of(case), Bench(case)
    try:
        async with two_instances(case, owing, bench, seed=7) as instances:
            (receipt,) = await judge_redis(instances, None)
            return receipt
    finally:
        await bench.close()


async def test_where_nobody_gets_in_an_empty_redis_shows_nothing(without_limits: Case, tmp_path: Path) -> None:
    receipt = await judged(behind_keys(without_limits, tmp_path))
    assert receipt.outcome is Outcome.UNCHECKED, receipt.found
    assert receipt.found.startswith("nobody got in, who would have left something there: ")


async def test_where_somebody_gets_in_an_empty_redis_is_none(without_limits: Case) -> None:
    receipt = await judged(without_limits)
    assert receipt.outcome is Outcome.FAILED
    assert receipt.found == "the service was given a Redis by REDIS_URL, and keeps nothing in it"
