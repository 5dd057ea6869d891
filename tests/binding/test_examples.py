"""The examples that come with the project."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from agent.binding.deriving import bind
from agent.binding.model import Binding
from agent.binding.rendering import explain
from agent.catalog.loading import load_catalog
from agent.contract.loading import load_contract
from tools.postgres.server import PostgresServer

EXAMPLES = Path(__file__).parents[2] / "examples"


def binding_of(postgres: PostgresServer, name: str) -> Binding:
    folder = EXAMPLES / name
    return bind(load_contract(folder / "openapi.yaml"), load_catalog(postgres, [folder / "schema.sql"]))


def test_everything_in_the_bookshop_can_be_derived(postgres: PostgresServer, snapshot: SnapshotAssertion) -> None:
    binding = binding_of(postgres, "bookshop")
    assert binding.holes == ()
    assert explain(binding) == snapshot


def test_three_operations_of_the_helpdesk_cannot_be_derived(
    postgres: PostgresServer, snapshot: SnapshotAssertion
) -> None:
    binding = binding_of(postgres, "helpdesk")
    assert [bound.operation.key for bound in binding.holes] == [
        "POST /tickets/{ticket_id}/merge",
        "POST /tickets/{ticket_id}/escalate",
        "GET /reports/workload",
    ]
    assert explain(binding) == snapshot


@pytest.mark.parametrize("name", ["bookshop", "helpdesk"])
def test_the_same_input_gives_the_same_binding(postgres: PostgresServer, name: str) -> None:
    assert binding_of(postgres, name) == binding_of(postgres, name)
