"""Other agents get what they need, from the same delivery as everybody else."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from agent.contract.loading import load_contract
from agent.delivery.handoffs import quality, write_handoffs
from tests.delivery.examples import FAILURE, INCOMPLETE, delivery

BOOKSHOP = Path(__file__).parents[2] / "examples" / "bookshop" / "openapi.yaml"


def test_the_front_end_gets_the_contract_and_clients(tmp_path: Path) -> None:
    contract = load_contract(BOOKSHOP)
    folder = write_handoffs(tmp_path, delivery(), contract) / "frontend-developer"
    told = json.loads((folder / "handoff.json").read_text())
    assert (told["title"], told["base_path"], told["branch"]) == (contract.title, "/api/v1", "agent/bookshop-api")
    assert load_contract(folder / told["contract"]).operations == contract.operations
    assert "async listBooks(" in (folder / told["typescript"]).read_text()
    assert ast.parse((folder / told["python"]).read_text())


def test_qa_gets_what_the_tests_reach_and_what_they_leave_out(tmp_path: Path) -> None:
    folder = write_handoffs(tmp_path, INCOMPLETE, load_contract(BOOKSHOP)) / "qa-agent"
    told = json.loads((folder / "handoff.json").read_text())
    assert told["operations"] == [
        {"operation": "GET /books", "requests": 7, "answered": [200, 422], "unprovoked": [401]}
    ]
    assert told["uncovered"] == [{"file": "src/services/books.py", "lines": [12, 13]}]
    assert (told["untested"], told["not_met"]) == ([], [FAILURE.obligation.id])
    assert told["to_try"][0]["unseen"] == ["Raise the priority of a ticket.", "One that is urgent stays as it is."]
    assert quality(delivery(outcome="interrupted", verdict=None)).operations == ()
