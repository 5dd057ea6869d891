"""The contract tests of operations that nobody could derive ask for what a right body can give."""

from __future__ import annotations

from pathlib import Path

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog
from agent.contract.loading import load_contract
from agent.stacks.registry import stack_named
from tools.postgres.server import PostgresServer

EXAMPLE = Path(__file__).parents[3] / "examples" / "helpdesk"


def test_an_id_in_a_body_leads_to_another_row_of_what_the_path_is_about(postgres: PostgresServer) -> None:
    contract = load_contract(EXAMPLE / "openapi.yaml")
    catalog = load_catalog(postgres, [EXAMPLE / "schema.sql"])
    files = stack_named("python-fastapi").scaffold(contract, catalog, bind(contract, catalog), "Helpdesk").files
    _, _, test = files["tests/integration/test_tickets.py"].partition("async def test_merge_ticket(")
    assert 'body = {"target_id": str(other_ticket["id"])}' in test.split("async def ", 1)[0]
