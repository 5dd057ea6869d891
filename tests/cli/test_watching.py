"""What a run is doing is told on standard error: a line for each thing done; nothing moves outside terminals."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from agent.cli.watching import line_of, watching
from agent.errors import InputError
from agent.journal.events import (
    Assignment,
    AssignmentDone,
    AssignmentGiven,
    BudgetReached,
    Delivered,
    Ending,
    Event,
    GateSettled,
    Interrupted,
    ModelAnswered,
    Resumed,
    RunStarted,
    Scaffolded,
    ToolchainReady,
    Usage,
    Verified,
    WorkspaceOpened,
)
from agent.orchestrator.options import Note
from agent.receipts import Measures
from agent.rulebook.model import Gate
from tests.delivery.examples import FAILURE, HOLE, MET, verdict

HAPPENED: tuple[Event | Note, ...] = (
    Note("model: offline (asked for)", "model"),
    RunStarted(
        run="helpdesk-1",
        title="Helpdesk [API]",
        stack="python-fastapi",
        model="offline",
        sandbox="auto",
        operations=13,
        tables=5,
        blueprint=True,
    ),
    ToolchainReady(seconds=0.01),
    WorkspaceOpened(worktree="/srv/work/helpdesk", branch="agent/helpdesk"),
    Scaffolded(commit="c", files=62, holes=(HOLE,), seconds=3.25),
    Note("tests", "gate"),
    GateSettled(tree="t", gate=Gate.TESTS, receipts=(*MET, FAILURE), measures=Measures(), seconds=8.04),
    Verified(verdict=verdict(FAILURE), holes=(HOLE,), seconds=8.1),
    AssignmentGiven(assignment=Assignment(title="src/services/tickets.py", holes=(HOLE,))),
    ModelAnswered(usage=Usage(requests=1), tools=("read",)),
    AssignmentDone(title="src/services/tickets.py", commit="d", said="Written."),
    AssignmentDone(title="GET /books", commit="d", said="", failure="the provider does not answer"),
    BudgetReached(limit="2.00 USD"),
    Resumed(process=7),
    Interrupted(),
    Delivered(ending=Ending.BUDGET, exit_code=3),
)


def test_each_thing_that_is_done_gets_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    with watching(None) as listen:
        for one in HAPPENED:
            listen(one)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.sub(r"(?m)^ +[\d.]+ s ", "  0.0 s ", printed.err) == snapshot


def test_events_are_appended_to_a_file_and_notes_are_not(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_text('{"kind": "of an earlier run"}\n')
    with watching(log) as listen:
        for one in HAPPENED:
            listen(one)
    kinds = [json.loads(line)["kind"] for line in log.read_text().splitlines()]
    assert kinds == ["of an earlier run", *(one.kind for one in HAPPENED if not isinstance(one, Note))]


def test_where_nothing_happens_no_file_is_left(tmp_path: Path) -> None:
    with watching(tmp_path / "events.jsonl") as listen:
        listen(Note("reading the contract", "contract"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written: Is a directory"), watching(tmp_path):
        pass


def test_what_is_remembered_says_so_in_place_of_a_time() -> None:
    receipts = tuple(one.model_copy(update={"remembered": "2026-01-01T00:00:00+00:00"}) for one in MET)
    settled = GateSettled(tree="t", check="tests", gate=Gate.TESTS, receipts=receipts, measures=Measures(), seconds=0)
    assert line_of(settled) == f"gate tests: {len(MET)} met, remembered"
    named = settled.model_copy(update={"check": "mutants", "receipts": MET, "seconds": 2.0})
    assert line_of(named) == f"gate tests (mutants): {len(MET)} met, 2.0 s"
