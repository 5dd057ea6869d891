"""A delivery is made from record and journal alone, so a run that is over gives the same one again."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.journal.events import Delivered, Ending, Event, Interrupted, Scaffolded, Verified, WorkspaceOpened
from agent.orchestrator.delivering import delivered_before
from agent.orchestrator.options import OFFLINE, RunOptions
from agent.orchestrator.record import RunRecord
from tests.delivery.examples import FAILURE, HOLE, verdict
from tests.orchestrator.test_record import task

FOLDER = Path("/srv/runs/notes-1")


@pytest.fixture
def record() -> RunRecord:
    return RunRecord.of(task(model=OFFLINE), RunOptions()).model_copy(update={"warnings": ("schema.sql:1: left out",)})


def run_to(ending: Ending, *, complete: bool) -> tuple[Event, ...]:
    """The events of a run that ended like that."""
    holes = () if complete else (HOLE,)
    return (
        WorkspaceOpened(worktree="/srv/notes", branch="agent/notes"),
        Scaffolded(commit="c", files=62, holes=holes, seconds=3),
        Verified(verdict=verdict() if complete else verdict(FAILURE), holes=holes, seconds=8.5),
        Delivered(ending=ending, exit_code=0 if complete else 1),
    )


@pytest.mark.parametrize("models", [0, 1])
def test_a_complete_run_is_over_for_everybody(record: RunRecord, models: int) -> None:
    found = delivered_before(FOLDER, record, run_to(Ending.COMPLETE, complete=True), models=models)
    assert found is not None
    assert (found.run, found.branch, found.commit, found.outcome) == ("notes-1", "agent/notes", "c", "complete")
    assert found.warnings == record.warnings
    assert found.seconds == {"scaffolded": 3.0, "verified": 8.5}


def test_an_incomplete_one_is_over_only_while_nobody_can_work_on_it(record: RunRecord) -> None:
    events = run_to(Ending.INCOMPLETE, complete=False)
    found = delivered_before(FOLDER, record, events, models=0)
    assert found is not None
    assert (found.outcome, found.exit_code, found.holes) == ("incomplete", 1, (HOLE,))
    assert delivered_before(FOLDER, record, events, models=1) is None


@pytest.mark.parametrize("ending", [Ending.BUDGET, Ending.STALLED])
def test_a_model_goes_on_where_the_limit_or_its_patience_ended(record: RunRecord, ending: Ending) -> None:
    assert delivered_before(FOLDER, record, run_to(ending, complete=False), models=1) is None


def test_what_was_interrupted_or_killed_was_not_delivered(record: RunRecord) -> None:
    killed = run_to(Ending.COMPLETE, complete=True)[:-1]
    assert delivered_before(FOLDER, record, killed, models=0) is None
    assert delivered_before(FOLDER, record, (*killed, Interrupted()), models=0) is None
    assert delivered_before(FOLDER, record, (), models=0) is None
