"""Each run has a folder of its own, found by its name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.errors import RunNotFound
from agent.journal.recording import FILE_NAME
from agent.orchestrator.runs import all_runs, find_run, new_run, run_folder


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGENT_STATE_DIR", str(tmp_path))
    return tmp_path


def begun(slug: str) -> Path:
    """A run with a journal."""
    folder = new_run(slug)
    (folder / FILE_NAME).touch()
    return folder


def test_runs_of_one_task_are_numbered(state: Path) -> None:
    assert [new_run("shop") for _ in range(3)] == [state / "runs" / f"shop-{number}" for number in (1, 2, 3)]
    assert new_run("shop-api").name == "shop-api-1"


def test_a_number_is_not_given_twice_while_a_later_run_is_there() -> None:
    first, _ = new_run("shop"), new_run("shop")
    first.rmdir()
    assert new_run("shop").name == "shop-3"


def test_the_newest_run_is_listed_first() -> None:
    old, new = begun("shop"), begun("shop")
    os.utime(old / FILE_NAME, (1, 1))
    new_run("shop")  # has no journal yet
    assert list(all_runs()) == [new, old]


def test_a_run_is_found_by_its_name_and_by_nothing_else() -> None:
    folder = begun("shop")
    assert find_run("shop-1") == run_folder("shop-1") == folder
    for name in ("", ".", "..", "../runs/shop-1", "shop-1/", "nothing"):
        with pytest.raises(RunNotFound, match="no run is named"):
            find_run(name)
    with pytest.raises(RunNotFound, match="did you mean shop-1"):
        find_run("shop-2")
