"""Refresh tokens of the bookshop as the blueprint writes it: good once; and each way to lose that is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog
from agent.checklist.booted import Bench
from agent.checklist.case import Case, Owing
from agent.checklist.headers import opened
from agent.checklist.security.refreshing import judge_refreshing
from agent.contract.loading import load_contract
from agent.receipts import Outcome, Receipt
from agent.rulebook.loading import load_rulebook
from agent.stacks.python_fastapi.stack import PythonFastapi
from agent.workspace.opening import snapshot_workspace
from tools.postgres.server import PostgresServer

BOOKSHOP = Path(__file__).parents[2] / "examples" / "bookshop"
SESSIONS = "src/core/sessions.py"
REFUSE = "        if not renewed:\n            raise Unauthenticated\n"
RACE = """        async with answering():
            current = await self._store.get(_key(presented.session))
            await __import__("asyncio").sleep(0.05)
            renewed = current == presented.id
            if renewed:
                await self._store.set(_key(presented.session), following)
"""


@pytest.fixture(scope="session")
def bookshop(postgres: PostgresServer, toolchain: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    stack, contract = PythonFastapi(), load_contract(BOOKSHOP / "openapi.yaml")
    catalog = load_catalog(postgres, [BOOKSHOP / "schema.sql"])
    binding = bind(contract, catalog)
    source = tmp_path_factory.mktemp("bookshop")
    for path, text in stack.scaffold(contract, catalog, binding, "Bookshop").files.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text)
    state = tmp_path_factory.mktemp("state")
    workspace = snapshot_workspace(source, toolchain=toolchain, sandbox="auto", state=state)
    return Case(workspace, stack, contract, catalog, binding, load_rulebook(), postgres)


async def judged(case: Case) -> Receipt:
    bench, owing = Bench(case), Owing.of(case)
    try:
        async with bench.turn() as booted:
            with opened(case, owing, bench, booted, seed=7) as probes:
                (receipt,) = await judge_refreshing(probes)
    finally:
        await bench.close()
    return receipt


async def test_a_refresh_token_is_good_once(bookshop: Case) -> None:
    receipt = await judged(bookshop)
    assert receipt.outcome is Outcome.MET, receipt.found
    assert receipt.subject == "service"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (REFUSE, "", "with a token that was used before → 200"),
        ("self._tokens.issue(presented.caller, presented.session, following)", "{same}", "it is not changed"),
        ("{renewal}", RACE, "times at once with one token"),
    ],
    ids=["used token taken", "token not changed", "race between two"],
)
async def test_a_defect_is_noticed(old: str, new: str, told: str, bookshop: Case) -> None:
    path = bookshop.workspace.root / SESSIONS
    good = path.read_text()
    renewal = good[good.index("        async with answering():\n            renewed") : good.index(REFUSE)]
    same = "type(self._tokens.issue(presented.caller))(self._tokens.issue(presented.caller).access, token, 900)"
    old, new = old.replace("{renewal}", renewal), new.replace("{same}", same)
    assert old in good
    path.write_text(good.replace(old, new))
    try:
        receipt = await judged(bookshop)
    finally:
        path.write_text(good)
    assert receipt.outcome is Outcome.FAILED
    assert told in receipt.found
