"""The examples, from the task file to the verdict, offline: one through the library, one through the command line."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from agent.checklist.effort import Effort
from agent.contract.loading import load_contract
from agent.delivery.model import Delivery, delivery_json_schema
from agent.journal.events import Event
from agent.journal.recording import read_events
from agent.orchestrator.options import Note, RunOptions
from agent.orchestrator.running import run_task
from agent.receipts import Outcome
from tests.end_to_end.processes import BRIEFLY, Answer, Home

EXAMPLES = Path(__file__).parents[2] / "examples"
BOOKSHOP = EXAMPLES / "bookshop" / "task.yaml"
HELPDESK = EXAMPLES / "helpdesk" / "task.yaml"
HELPDESK_HOLES = {"POST /tickets/{ticket_id}/merge", "POST /tickets/{ticket_id}/escalate", "GET /reports/workload"}


def git(folder: Path, *arguments: str) -> list[str]:
    """The lines that git answers."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def reports_are_well_formed(folder: Path) -> None:
    """The reports of a run keep what is published about them, and agree with each other."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    Draft202012Validator(delivery_json_schema()).validate(report)
    suites = ElementTree.parse(folder / "junit.xml").getroot()
    receipts = report["verdict"]["receipts"]
    assert len(list(suites.iter("testcase"))) == len(receipts)
    assert len(list(suites.iter("failure"))) == sum(one["outcome"] == "failed" for one in receipts)
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert report["sentence"] in re.sub(r"\\(\W|_)", r"\1", text)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bookshop")


@pytest.fixture(scope="module")
def told() -> list[Event | Note]:
    return []


@pytest.fixture(scope="module")
def delivery(place: Path, told: list[Event | Note]) -> Delivery:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENT_STATE_DIR", str(place / "state"))
        effort = Effort(fuzz_seconds=0, mutant_seconds=1, load_seconds=1)
        return run_task(BOOKSHOP, RunOptions(models=("offline",), out=place / "service", effort=effort), told.append)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("helpdesk"))


@pytest.fixture(scope="module")
def answer(home: Home) -> Answer:
    return home.call("run", HELPDESK, "--model", "offline", "--events", "events.jsonl", *BRIEFLY)


@pytest.fixture(scope="module")
def run(answer: Answer, home: Home) -> Path:
    assert answer.code == 1, answer.err
    return home.folder / "runs" / "helpdesk-api-1"


@pytest.fixture(scope="module")
def report(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "report.json").read_text(encoding="utf-8"))
    return found


class TestBookshop:
    """Everything can be derived: the library delivers it without a model."""

    def test_every_checked_obligation_is_met(self, delivery: Delivery) -> None:
        assert [f"{one.obligation.id}: {one.found}" for one in delivery.receipts if one.outcome is Outcome.FAILED] == []
        assert delivery.holes == ()
        assert (delivery.outcome, delivery.exit_code, delivery.sandbox) == ("complete", 0, "bubblewrap")

    def test_the_closing_sentence_has_the_numbers_that_were_measured(self, delivery: Delivery) -> None:
        found = re.fullmatch(
            r"Backend implementation completed\. Delivered (\d+) endpoints with full validation, "
            r"OpenAPI documentation, and ([\d.]+)% test coverage\. "
            r"Response time < (\d+)ms p95\. Ready for integration\.",
            delivery.sentence,
        )
        assert found, delivery.sentence
        operations = load_contract(EXAMPLES / "bookshop" / "openapi.yaml").operations
        assert int(found[1]) == len(operations)
        coverage, p95 = delivery.measures.coverage_percent, delivery.measures.p95_ms
        assert coverage is not None
        assert p95 is not None
        assert 80 < float(found[2]) <= coverage <= 100
        assert 0 < p95 < float(found[3])

    def test_the_service_is_on_a_branch_of_its_own(self, delivery: Delivery, place: Path) -> None:
        assert delivery.worktree == place / "service"
        assert (
            git(place / "service", "branch", "--format=%(refname:short)") == [delivery.branch] == ["agent/bookshop-api"]
        )
        assert git(place / "service", "log", "--format=%H") == [delivery.commit]
        assert git(place / "service", "status", "--porcelain") == []
        assert (place / "service" / "src").is_dir()

    def test_what_was_told_is_what_the_journal_holds(
        self, delivery: Delivery, place: Path, told: list[Event | Note]
    ) -> None:
        folder = place / "state" / "runs" / delivery.run
        assert [event for event in told if not isinstance(event, Note)] == list(read_events(folder))
        assert told[-1] == list(read_events(folder))[-1]

    def test_the_reports_are_well_formed(self, delivery: Delivery, place: Path) -> None:
        reports_are_well_formed(place / "state" / "runs" / delivery.run)

    def test_the_same_folder_is_not_used_twice(self, delivery: Delivery, place: Path) -> None:
        answer = Home(place / "state").call("run", BOOKSHOP, "--out", place / "service")
        assert (answer.code, answer.out) == (2, "")
        assert f"{place}/service: is a git repository already" in answer.err
        assert [path.name for path in (place / "state" / "runs").iterdir()] == [delivery.run]


class TestHelpdesk:
    """Three operations need judgement: without a model the command line says which, and that it is not ready."""

    def test_it_is_not_ready(self, answer: Answer) -> None:
        assert answer.code == 1, answer.err
        assert "Not ready for integration: 3 operations are not written" in answer.out
        assert "Ready for integration." not in answer.out

    def test_the_holes_are_named(self, answer: Answer, report: dict[str, Any]) -> None:
        assert {hole["operation"] for hole in report["holes"]} == HELPDESK_HOLES
        for hole in report["holes"]:
            assert f"not written: {hole['operation']}" in answer.out
            assert f"{hole['file']}:{hole['line']} {hole['name']}" in answer.out

    def test_only_the_holes_fail(self, report: dict[str, Any]) -> None:
        failed = {one["subject"] for one in report["verdict"]["receipts"] if one["outcome"] == "failed"}
        assert failed <= HELPDESK_HOLES | {"files", "service"}
        assert failed >= HELPDESK_HOLES

    def test_progress_is_on_standard_error_and_where_things_lie_on_standard_output(
        self, answer: Answer, run: Path
    ) -> None:
        assert f"report    {run}/report.md" in answer.out
        assert f"worktree  {run}/workspace" in answer.out
        assert " s  gate tests: " in answer.err
        assert " s  verified: " in answer.err
        assert "\x1b" not in answer.out + answer.err

    def test_every_event_is_in_the_file(self, home: Home, run: Path) -> None:
        assert (home.folder / "events.jsonl").read_bytes() == (run / "journal.jsonl").read_bytes()

    def test_the_reports_are_well_formed(self, run: Path) -> None:
        reports_are_well_formed(run)
