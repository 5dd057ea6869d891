"""An assignment shows the part of contract, schema and code that it is about, and no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog
from agent.contract.loading import load_contract
from agent.developer.viewing import Background, block_at, describe_operations, describe_tables, view
from agent.journal.events import Assignment, OpenHole
from agent.receipts import Outcome, Receipt, Verdict
from agent.rulebook.loading import load_rulebook
from agent.rulebook.model import Gate
from prompts.rendering import assignment as render
from tests.contract.large import large_document
from tools.postgres.server import PostgresServer

HELPDESK = Path(__file__).parents[2] / "examples" / "helpdesk"
MERGE = "POST /tickets/{ticket_id}/merge"
SERVICE = '''"""Tickets."""

from uuid import UUID


class TicketService:
    """What can be done with tickets."""

    async def merge(
        self, ticket_id: UUID, body: TicketMerge
    ) -> Ticket:
        """Merge a duplicate into the ticket that stays."""
        raise NotImplementedYet("merge")

    async def get(self, ticket_id: UUID) -> Ticket:
        """Read a ticket."""
'''
FILES = {"src/services/tickets.py": SERVICE}
HOLE = OpenHole(
    name="src.services.tickets.TicketService.merge", file="src/services/tickets.py", line=9, operation=MERGE
)


@pytest.fixture(scope="module")
def background(postgres: PostgresServer) -> Background:
    contract = load_contract(HELPDESK / "openapi.yaml")
    catalog = load_catalog(postgres, [HELPDESK / "schema.sql"])
    return Background(
        task="Helpdesk API",
        description="Agents answer tickets.",
        acceptance="Merging loses nothing.",
        contract=contract,
        catalog=catalog,
        binding=bind(contract, catalog),
        rulebook=load_rulebook(),
    )


def failed(rule: str, subject: str, found: str = "501 instead of 200", place: str = "") -> Receipt:
    return Receipt(
        rule=rule,
        subject=subject,
        gate=Gate.CONTRACT,
        outcome=Outcome.FAILED,
        ran="POST /tickets/1/merge",
        found=found,
        reproduce="curl",
        places=(place,) if place else (),
    )


def test_a_hole_is_shown_with_its_source_and_the_failures_of_its_operation(background: Background) -> None:
    verdict = Verdict(tree="t", receipts=(failed("API-STATUS", MERGE), failed("API-STATUS", "GET /customers")))
    given = Assignment(title=HOLE.file, holes=(HOLE,), obligations=(f"API-STATUS:{MERGE}",))
    seen = view(background, given, verdict, FILES)
    (hole,) = seen.holes
    assert hole.source.startswith("    async def merge(")
    assert hole.source.endswith('raise NotImplementedYet("merge")')
    assert [failure.obligation for failure in seen.failures] == [f"API-STATUS:{MERGE}"]
    assert seen.failures[0].rule == background.rulebook.rules["API-STATUS"].text
    assert [(file.path, file.first_line) for file in seen.files] == [(HOLE.file, 1)]


def test_the_contract_is_cut_to_the_operation_and_what_it_refers_to(background: Background) -> None:
    part = yaml.safe_load(describe_operations(background.contract, (MERGE,)))
    assert list(part["paths"]) == ["/tickets/{ticket_id}/merge"]
    assert list(part["paths"]["/tickets/{ticket_id}/merge"]) == ["parameters", "post"]
    assert part["security"] == [{"bearerAuth": []}]
    schemas = set(part["components"]["schemas"])
    assert {"TicketMerge", "Ticket", "TicketStatus", "AgentReference", "ErrorAnswer"} <= schemas
    assert not schemas & {"WorkloadReport", "NewCustomer", "TicketEscalation"}
    assert list(part["components"]["parameters"]) == ["TicketId"]


def test_a_contract_beyond_measure_is_cut_and_the_rest_is_named(tmp_path: Path) -> None:
    (tmp_path / "large.json").write_text(json.dumps(large_document(operations=200, size=400_000)))
    contract = load_contract(tmp_path / "large.json")
    operations = tuple(operation.key for operation in contract.operations)
    text = describe_operations(contract, operations)
    assert len(text) < 150_000
    shown = sum(len(item) for item in yaml.safe_load(text)["paths"].values())
    named = text.rpartition("# and also: ")[2].split(", ")
    assert 5 < shown < 200
    assert named[-1].strip() == operations[-1]


def test_tables_are_those_around_the_operation_with_their_enums(
    background: Background, snapshot: SnapshotAssertion
) -> None:
    assert describe_tables(background, (MERGE,)) == snapshot


def test_where_it_is_not_known_which_tables_an_operation_touches_all_are_shown(background: Background) -> None:
    text = describe_tables(background, ("GET /reports/workload",))
    assert all(f"{table.name}\n" in text for table in background.catalog.tables)


def test_failures_stand_in_the_order_of_the_assignment_with_the_places_they_point_at(background: Background) -> None:
    place = "src/services/tickets.py:16:5"
    receipts = (failed("API-STATUS", MERGE, place=place), failed("RUF-SELECT", "files"))
    given = Assignment(title="x", obligations=("RUF-SELECT:files", f"API-STATUS:{MERGE}", "GONE:files"))
    seen = view(background, given, Verdict(tree="t", receipts=receipts), FILES)
    assert [failure.obligation for failure in seen.failures] == ["RUF-SELECT:files", f"API-STATUS:{MERGE}"]
    assert [file.path for file in seen.files] == ["src/services/tickets.py"]


def test_of_a_long_file_the_part_around_the_place_is_shown(background: Background) -> None:
    long = {"src/long.py": "".join(f"x{number} = 1\n" for number in range(1, 2_001))}
    receipt = failed("API-STATUS", MERGE, place="src/long.py:1000")
    given = Assignment(title="x", obligations=(receipt.obligation.id,))
    (file,) = view(background, given, Verdict(tree="t", receipts=(receipt,)), long).files
    lines = file.text.splitlines()
    assert len(lines) == 300
    assert lines[1000 - file.first_line] == "x1000 = 1"


def test_from_nothing_the_whole_contract_and_the_supplied_schema_are_shown(background: Background) -> None:
    receipts = tuple(failed("CON-PARITY", operation.key) for operation in background.contract.operations)
    given = Assignment(title="the whole service", obligations=tuple(receipt.obligation.id for receipt in receipts))
    seen = view(background, given, Verdict(tree="t", receipts=receipts), {})
    assert seen.from_nothing
    assert set(yaml.safe_load(seen.contract)["paths"]) == set(background.contract.document["paths"])
    assert "CREATE TRIGGER tickets_set_updated_at" in seen.tables
    assert "Nothing is written yet" in render(seen)


def test_an_assignment_as_the_model_reads_it(background: Background, snapshot: SnapshotAssertion) -> None:
    verdict = Verdict(tree="t", receipts=(failed("API-STATUS", MERGE, place=f"{HOLE.file}:9"),))
    given = Assignment(title=HOLE.file, holes=(HOLE,), obligations=(f"API-STATUS:{MERGE}",))
    assert render(view(background, given, verdict, FILES)) == snapshot


@pytest.mark.parametrize(
    ("line", "last"),
    [(9, '        raise NotImplementedYet("merge")'), (15, '        """Read a ticket."""'), (99, ""), (3, SERVICE[:0])],
)
def test_a_block_ends_where_the_indentation_does(line: int, last: str) -> None:
    block = block_at(SERVICE, line)
    assert block.split("\n")[-1] == (last or ("from uuid import UUID" if line == 3 else ""))
