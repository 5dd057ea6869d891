"""The commands that only look change nothing, and bear with whatever they find."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from syrupy.assertion import SnapshotAssertion

from agent.journal.events import (
    Assignment,
    AssignmentDone,
    AssignmentGiven,
    BudgetReached,
    Delivered,
    Ending,
    Escalated,
    Event,
    Interrupted,
    ModelAnswered,
    ModelRefused,
    OpenHole,
    RunStarted,
    Scaffolded,
    Usage,
    Verified,
)
from agent.journal.recording import FILE_NAME, Journal
from agent.receipts import Outcome, Receipt, Verdict
from agent.rulebook.model import Gate
from agent.task.loading import load_task
from tests.cli.conftest import Command
from tests.end_to_end.processes import AGENT

STARTED = RunStarted(
    run="books-1",
    title="A title that is longer than a terminal of eighty columns would like to show in a table of five columns",
    stack="python-fastapi",
    model="offline",
    sandbox="auto",
    operations=15,
    tables=6,
    blueprint=True,
)
WRITTEN = Scaffolded(commit="c", files=62, holes=(), seconds=3.25)


def recorded(folder: Path, name: str, *events: Event) -> Path:
    """A run's folder with a journal."""
    run = folder / "state" / "runs" / name
    run.mkdir(parents=True)
    journal = Journal(run)
    for event in events:
        journal.append(event)
    journal.close()
    return run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Four runs: delivered, interrupted, killed, and of another version."""
    recorded(tmp_path, "books-1", STARTED, WRITTEN, Delivered(ending=Ending.COMPLETE, exit_code=0))
    recorded(tmp_path, "books-2", STARTED, Interrupted())
    recorded(tmp_path, "books-3", STARTED, WRITTEN)
    broken = recorded(tmp_path, "old-1", STARTED)
    (broken / FILE_NAME).write_text('{"kind": "celebrated"}\n')
    return tmp_path


def test_a_rule_is_explained(command: Command, snapshot: SnapshotAssertion) -> None:
    answer = command("rules", "CON-PARITY")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == snapshot


def test_every_rule_is_listed(command: Command) -> None:
    answer = command("rules")
    assert answer.code == 0
    assert all(name in answer.out for name in ("CON-PARITY", "TST-COVER", "DBQ-N1"))


@pytest.mark.parametrize("what", ["task", "delivery"])
def test_a_schema_is_a_schema(command: Command, what: str) -> None:
    answer = command("schema", what)
    assert (answer.code, answer.err) == (0, "")
    Draft202012Validator.check_schema(json.loads(answer.out))


def test_what_init_writes_loads_once_its_files_are_there(command: Command) -> None:
    answer = command("init", "shop")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "wrote shop/task.yaml\nName your OpenAPI document and SQL schema in it, then: agent run shop/task.yaml\n"
    )
    for name in ("openapi.yaml", "schema.sql"):
        Path("shop", name).write_text("-- here\n")
    assert load_task(Path("shop/task.yaml")).stack == "python-fastapi"


def test_init_overwrites_nothing(command: Command) -> None:
    Path("task.yaml").write_text("mine\n")
    answer = command("init")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "agent: task.yaml is there already; edit it, or remove it first\n"
    assert Path("task.yaml").read_text() == "mine\n"


def test_without_runs_it_says_how_to_begin(command: Command) -> None:
    assert command("runs").out == "no runs yet: agent run task.yaml\n"
    assert json.loads(command("runs", "--json").out) == []


def test_runs_are_listed_with_where_they_stand(command: Command, runs: Path) -> None:
    assert runs
    found = {row["run"]: row for row in json.loads(command("runs", "--json").out)}
    assert {name: row["state"] for name, row in found.items()} == {
        "books-1": "delivered: complete, exit code 0",
        "books-2": "interrupted, resumable",
        "books-3": "not finished, resumable",
        "old-1": "unreadable: from another version",
    }
    printed = command("runs").out
    assert all(row["state"] in printed and name in printed for name, row in found.items())
    assert STARTED.title in printed


def test_a_run_is_shown_event_by_event(command: Command, runs: Path) -> None:
    assert runs
    answer = command("show", "books-3")
    assert (answer.code, answer.err) == (0, "")
    assert "run books-1: A title" in answer.out
    assert "blueprint: 62 files, 0 holes, 3.2 s" in answer.out
    assert answer.out.endswith("not finished, resumable\ncontinue it with: agent resume books-3\n")
    events = json.loads(command("show", "books-3", "--json").out)
    assert [event["kind"] for event in events] == ["run started", "scaffolded"]


def test_a_journal_of_another_version_is_not_shown(command: Command, runs: Path) -> None:
    answer = command("show", "old-1")
    assert (answer.code, answer.out) == (2, "")
    assert f"{runs}/state/runs/old-1/{FILE_NAME}:1: not an event of this version's journal" in answer.err


def test_the_nearest_run_is_suggested(command: Command, runs: Path) -> None:
    assert runs
    answer = command("show", "boks-2")
    assert answer.code == 2
    assert "no run is named 'boks-2'; did you mean books-2" in answer.err


def test_names_of_runs_are_completed(runs: Path) -> None:
    environment = {
        "AGENT_STATE_DIR": str(runs / "state"),
        "_AGENT_COMPLETE": "complete_bash",
        "COMP_WORDS": "agent resume boo",
        "COMP_CWORD": "2",
    }
    done = subprocess.run([AGENT], env=environment, capture_output=True, text=True)
    assert sorted(done.stdout.split()) == ["books-1", "books-2", "books-3"]


def test_who_stops_reading_is_shown_no_error() -> None:
    reader = subprocess.Popen([AGENT, "schema", "delivery"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert reader.stdout is not None
    assert reader.stderr is not None
    reader.stdout.close()
    assert reader.stderr.read() == b""
    assert reader.wait() == 1


def test_an_event_of_one_line_is_shown_and_others_are_silent() -> None:
    from agent.cli.watching import line_of

    assert line_of(ModelRefused(reason="529 overloaded")) == "the model's provider answered: 529 overloaded"
    assert line_of(Interrupted()) == ""


def test_every_decision_is_explained(command: Command, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    recorded(tmp_path, "books-4", STARTED, *DECISIONS)
    answer = command("show", "books-4", "--trace")
    assert (answer.code, answer.err) == (0, "")
    assert re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "0000-00-00 00:00:00", answer.out) == snapshot
    as_json = json.loads(command("show", "books-4", "--trace", "--json").out)
    assert as_json[0]["what"] == "blueprint"


@pytest.mark.parametrize(
    ("name", "says"), [("books-9", "no run is named 'books-9'"), ("old-1", "run.json: cannot be read")]
)
@pytest.mark.usefixtures("runs")
def test_a_run_that_cannot_be_replayed_is_refused(command: Command, name: str, says: str) -> None:
    answer = command("replay", name)
    assert answer.code == 2
    assert says in answer.err


HOLE = OpenHole(
    name="src.services.orders.OrderService.total", file="src/services/orders.py", line=3, operation="GET /total"
)
FAILED = Receipt(rule="API-STATUS", subject="GET /a", gate=Gate.CONTRACT, outcome=Outcome.FAILED, found="500")
OPEN = Verified(verdict=Verdict(tree="0123456789abcdef", receipts=(FAILED,)), holes=(HOLE,), seconds=1)
LESS = Verified(verdict=Verdict(tree="fedcba9876543210", receipts=(FAILED,)), holes=(), seconds=1)
FIXED = (
    "src/services/orders.py: OrderService.total uses nothing of what it is given: it returns a fixed answer (put back)"
)
DECISIONS: tuple[Event, ...] = (
    Scaffolded(commit="c0", files=62, holes=(HOLE,), seconds=3),
    OPEN,
    AssignmentGiven(assignment=Assignment(title=HOLE.file, holes=(HOLE,), obligations=())),
    ModelAnswered(usage=Usage(requests=1, input_tokens=900, output_tokens=40), tools=("replace_function",)),
    AssignmentDone(title=HOLE.file, commit="c0", said="All tests pass.\nReally.", found=(FIXED,)),
    AssignmentGiven(assignment=Assignment(title=HOLE.file, holes=(HOLE,))),
    AssignmentDone(title=HOLE.file, commit="c1", said="It is written."),
    LESS,
    AssignmentGiven(assignment=Assignment(title="GET /a", obligations=("API-STATUS:GET /a",))),
    AssignmentDone(title="GET /a", commit="c1", said="", failure="it went in circles: check()", circled=True),
    Escalated(model="anthropic:claude-opus-5", why="GET /a: it went in circles: check()"),
    AssignmentGiven(assignment=Assignment(title="GET /a", obligations=("API-STATUS:GET /a",))),
    BudgetReached(limit="2.00 USD"),
    Delivered(ending=Ending.BUDGET, exit_code=3),
)
