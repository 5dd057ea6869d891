"""What a run is about is decided once, from the options, then the task, and kept for whoever resumes it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from agent.checklist.effort import Effort
from agent.errors import InputError
from agent.orchestrator.options import OFFLINE, PERSONA_MODEL, RunOptions, effort_of
from agent.orchestrator.record import DEFAULT_MINUTES, DEFAULT_REQUESTS, RunRecord, keep_record, recall
from agent.task.loading import parse_task
from agent.task.model import Task

TINY = Path(__file__).parents[1] / "end_to_end" / "tiny"


def task(**more: object) -> Task:
    """A task with more in it."""
    return parse_task({"title": "Notes", "api": "openapi.yaml", "schema": "schema.sql", **more}, TINY)


def test_options_come_before_the_task_and_the_task_before_the_defaults(tmp_path: Path) -> None:
    asked = task(model="openai:gpt", budget={"usd": 2, "minutes": 10}, workspace=str(tmp_path / "new"))
    plain = RunRecord.of(asked, RunOptions())
    assert (plain.models, plain.max_usd, plain.max_minutes) == (("openai:gpt",), Decimal(2), 10)
    assert (plain.max_requests, plain.folder) == (DEFAULT_REQUESTS, tmp_path / "new")
    chosen = RunRecord.of(asked, RunOptions(models=(OFFLINE,), max_usd=Decimal(1), out=tmp_path / "out"))
    assert (chosen.models, chosen.max_usd, chosen.max_minutes, chosen.folder) == (
        (),
        Decimal(1),
        10,
        tmp_path / "out",
    )
    assert RunRecord.of(task(), RunOptions()).max_minutes == DEFAULT_MINUTES


@pytest.mark.parametrize("name", ["claude", "anthropic:", ":x"])
def test_a_name_without_its_provider_is_refused_before_anything_is_begun(name: str) -> None:
    for asked, options in ((task(), RunOptions(models=(name,))), (task(model=name), RunOptions())):
        with pytest.raises(InputError, match=f"--model {name}: expected `provider:name`"):
            RunRecord.of(asked, options)


def test_the_model_is_the_personas_own_where_there_is_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a key")
    assert RunRecord.of(task(), RunOptions()).models == (PERSONA_MODEL,)
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert RunRecord.of(task(), RunOptions()).models == ()


def test_models_are_tried_in_the_order_of_the_list() -> None:
    models = ("anthropic:claude-haiku-5", "anthropic:claude-sonnet-5-5")
    assert RunRecord.of(task(model=list(models)), RunOptions()).models == models
    assert RunRecord.of(task(model="openai:gpt"), RunOptions(models=models)).models == models


def test_offline_beside_a_model_is_refused() -> None:
    with pytest.raises(InputError, match="offline means no model"):
        RunRecord.of(task(model=["openai:gpt", OFFLINE]), RunOptions())


def test_a_resumed_run_looks_as_long_as_the_first_part_did(tmp_path: Path) -> None:
    keep_record(tmp_path, RunRecord.of(task(), RunOptions(effort=effort_of(2.0, 1.0, 4.0))))
    assert recall(tmp_path)[0].with_options(RunOptions()).effort == Effort(
        fuzz_seconds=2, mutant_seconds=1, load_seconds=4
    )


@pytest.mark.parametrize("seconds", [float("inf"), float("nan")])
def test_effort_without_end_is_refused(seconds: float) -> None:
    with pytest.raises(InputError, match="--fuzz .*: expected seconds"):
        effort_of(seconds, 3.0, 5.0)
    with pytest.raises(InputError, match="--mutants .*: expected seconds"):
        effort_of(None, seconds, 5.0)
    with pytest.raises(InputError, match="--load .*: expected seconds"):
        effort_of(None, 3.0, seconds)


def test_a_new_folder_takes_the_place_of_the_tasks_repository(tmp_path: Path) -> None:
    (tmp_path / "shop" / ".git").mkdir(parents=True)
    in_shop = task(workspace={"repository": str(tmp_path / "shop"), "base": "main"})
    kept = RunRecord.of(in_shop, RunOptions())
    assert (kept.repository, kept.base, kept.folder) == (tmp_path / "shop", "main", None)
    moved = RunRecord.of(in_shop, RunOptions(out=tmp_path / "out"))
    assert (moved.repository, moved.base, moved.folder) == (None, None, tmp_path / "out")


def test_a_resumed_run_keeps_what_is_not_given_anew(tmp_path: Path) -> None:
    record = RunRecord.of(task(model=OFFLINE), RunOptions(max_usd=Decimal(1)))
    keep_record(tmp_path, record)
    assert recall(tmp_path)[0] == record
    changed = record.with_options(RunOptions(models=("openai:gpt",), max_minutes=5))
    assert (changed.models, changed.max_minutes, changed.max_usd) == (("openai:gpt",), 5, Decimal(1))


@pytest.mark.parametrize("content", ["", "{}", '{"title": 1}'])
def test_a_record_of_another_version_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match=r"run\.json: is not of this version; start a new run"):
        recall(tmp_path)


def test_a_missing_record_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"run\.json: cannot be read \(No such file or directory\)"):
        recall(tmp_path)
