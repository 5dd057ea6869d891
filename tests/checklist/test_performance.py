"""The load probe chooses what costs a service most."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog
from agent.checklist.booted import Bench
from agent.checklist.case import Owing
from agent.checklist.load import Window
from agent.checklist.performance import Measured, candidates, outcomes, settle, slowest
from agent.checklist.probe.requests import Request
from agent.contract.loading import load_contract
from agent.receipts import Outcome
from tests.checklist.conftest import GOOD, CaseOf
from tools.postgres.server import Database, PostgresServer

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(("name", "heaviest"), [("bookshop", "GET /books"), ("helpdesk", "GET /tickets")])
def test_the_list_with_most_parameters_and_fields_comes_first(
    name: str, heaviest: str, postgres: PostgresServer
) -> None:
    contract = load_contract(EXAMPLES / name / "openapi.yaml")
    catalog = load_catalog(postgres, [EXAMPLES / name / "schema.sql"])

    keys = [one.operation.key for one in candidates(bind(contract, catalog).operations)]

    assert keys[0] == heaviest
    assert all(key.startswith("GET ") for key in keys)


async def test_the_slowest_of_several_lists_is_found(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            while await reader.readline() != b"\r\n":
                pass
            await asyncio.sleep(0.2 if b"/tickets" in line else 0)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    contract = load_contract(EXAMPLES / "helpdesk" / "openapi.yaml")
    keys = ("GET /customers", "GET /tickets", "GET /reports/workload")
    requests = [Request(contract.operation(key), contract.base_path) for key in keys]

    async with await asyncio.start_unix_server(answer, tmp_path / "s"):
        found = await slowest(tmp_path / "s", requests)

    assert found.operation.key == "GET /tickets"


@pytest.mark.parametrize(
    ("cpu_ms", "slowdown", "outcome"),
    [
        (0.9, 1.0, Outcome.MET),
        (1.2, 1.0, Outcome.UNCHECKED),
        (1.5, 1.0, Outcome.FAILED),
        (1.5, 1.8, Outcome.UNCHECKED),
        (2.6, 1.8, Outcome.FAILED),
        (3.2, 9.0, Outcome.FAILED),
    ],
)
def test_a_service_fails_by_what_it_would_give_on_the_machine_at_its_best(
    cpu_ms: float, slowdown: float, outcome: Outcome
) -> None:
    window = Window(seconds=1.0, latencies=(0.02,) * round(900 / cpu_ms), errors=0)
    one = Measured(window, 1 << 20, ran=0.9, queued=0.05, failed=0, asked=window.requests, slowdown=slowdown)
    assert outcomes(one)["PRF-RPS"] is outcome


async def test_a_missed_bound_comes_with_the_functions_in_which_the_time_goes(
    case_of: CaseOf, migrated: Database
) -> None:
    path = "src/services/notes.py"
    source = (GOOD / path).read_text()
    line = "rows = await self._notes.page(user, page, limit)\n"
    assert line in source
    case = case_of({path: source.replace(line, f"sum(range(1_000_000))\n        {line}")})
    bench = Bench(case, ready=migrated)
    try:
        found = await settle(case, Owing.of(case), bench)
    finally:
        await bench.close()
    outcome = {receipt.rule: receipt for receipt in found.receipts}
    assert outcome["PRF-RPS"].outcome is Outcome.FAILED
    assert outcome["PRF-PROFILE"].outcome is Outcome.MET
    assert "services/notes.py" in outcome["PRF-PROFILE"].found
