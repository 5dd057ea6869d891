"""The tests of a generated service provoke every refusal that the checklist asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog
from agent.checklist.refusals import provokable, provoked
from agent.contract.loading import load_contract
from agent.stacks.python_fastapi.project.integration import scenarios
from agent.stacks.python_fastapi.project.shape import Shape
from agent.stacks.registry import stack_named
from evals.defects.services import SERVICES
from tools.postgres.server import PostgresServer

EXAMPLES = Path(__file__).parents[3] / "examples"
HELPDESK = (EXAMPLES / "helpdesk/openapi.yaml", EXAMPLES / "helpdesk/schema.sql")
PAIRS = {"helpdesk": HELPDESK, **{name: (one.api, one.schema) for name, one in SERVICES.items()}}


@pytest.mark.parametrize("name", PAIRS)
def test_every_refusal_that_can_be_provoked_is(name: str, postgres: PostgresServer) -> None:
    api, schema = PAIRS[name]
    contract, catalog = load_contract(api), load_catalog(postgres, [schema])
    shape = Shape(contract, catalog, bind(contract, catalog))
    for bound in shape.binding.operations:
        statuses = {scenario.status for scenario in scenarios(shape, bound)}
        assert not provokable(bound, contract, catalog).missing(provoked(statuses)), bound.operation.key


def test_another_kind_of_body_is_refused_where_the_contract_says_so(postgres: PostgresServer, tmp_path: Path) -> None:
    api, schema = PAIRS["workshop"]
    document = yaml.safe_load(api.read_text())
    document["paths"]["/tools"]["post"]["responses"]["415"] = {"$ref": "#/components/responses/Problem"}
    (tmp_path / "openapi.yaml").write_text(yaml.safe_dump(document))
    contract, catalog = load_contract(tmp_path / "openapi.yaml"), load_catalog(postgres, [schema])
    files = stack_named("python-fastapi").scaffold(contract, catalog, bind(contract, catalog), "Tools").files
    _, _, test = files["tests/integration/test_tools.py"].partition("async def test_offer_tool_refuses_another_kind")
    assert '"Content-Type": "application/xml"' in test.split("async def ", 1)[0]
    assert "assert response.status_code == 415" in test.split("async def ", 1)[0]
    assert 'in ("application/json",)' in files["src/api/errors.py"]
    assert "415" not in files["tests/integration/test_loans.py"]
