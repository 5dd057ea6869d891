"""PRF-CACHE: what everybody reads is kept, by both instances, until something is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Owing
from agent.checklist.sharing.caching import judge_caching
from agent.checklist.sharing.instances import two_instances
from agent.contract.loading import load_contract
from agent.receipts import Outcome, Receipt
from agent.rulebook.loading import load_rulebook
from agent.stacks.python_fastapi.stack import PythonFastapi
from agent.workspace.opening import snapshot_workspace
from tools.postgres.server import PostgresServer

BOOKSHOP = Path(__file__).parents[3] / "examples" / "bookshop"

ShopOf = Callable[[str, str], Case]
"""Text of the bookshop as the blueprint writes it, and what to put in its place → the case."""


@pytest.fixture
def shop_of(postgres: PostgresServer, toolchain: Path, tmp_path: Path) -> ShopOf:
    contract, stack = load_contract(BOOKSHOP / "openapi.yaml"), PythonFastapi()
    catalog = load_catalog(postgres, [BOOKSHOP / "schema.sql"])
    binding = bind(contract, catalog)

    def make(old: str, new: str) -> Case:
        for path, content in stack.scaffold(contract, catalog, binding, "Bookshop").files.items():
            (tmp_path / "source" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "source" / path).write_text(content.replace(old, new))
        source, state = tmp_path / "source", tmp_path / "state"
        workspace = snapshot_workspace(source, toolchain=toolchain, sandbox="auto", state=state)
        return Case(workspace, stack, contract, catalog, binding, load_rulebook(), postgres)

    return make


async def judged(case: Case) -> Receipt:
    owing, bench = Owing.of(case), Bench(case)
    try:
        async with two_instances(case, owing, bench, seed=7) as instances:
            (receipt,) = await judge_caching(instances)
            return receipt
    finally:
        await bench.close()


async def test_the_blueprint_keeps_and_forgets(shop_of: ShopOf) -> None:
    receipt = await judged(shop_of("", ""))
    assert receipt.outcome is Outcome.MET, receipt.found
    assert receipt.found.count("fewer when repeated") == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("@kept\n", "", "statements each time", id="nothing is kept"),
        pytest.param("@writing\n", "", "answers what it answered before", id="writes forget nothing"),
        pytest.param(
            "redis.set(_VERSION, uuid4().hex)", "redis.ping()", "the other instance answers", id="no new version"
        ),
    ],
)
async def test_a_defect_is_noticed(shop_of: ShopOf, old: str, new: str, said: str) -> None:
    receipt = await judged(shop_of(old, new))
    assert receipt.outcome is Outcome.FAILED
    assert said in receipt.found
