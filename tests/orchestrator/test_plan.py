"""The plan of a task, and what `plan.yaml` beside the task says of it."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from agent.binding.corrections import Correction, Corrections
from agent.errors import TaskError
from agent.orchestrator.correcting import read_plan
from agent.orchestrator.options import silent
from agent.orchestrator.plan import plan_of, task_inputs
from agent.orchestrator.record import RunRecord

BOOKSHOP = Path(__file__).parents[2] / "examples" / "bookshop"


def planned(folder: Path) -> dict[str, Any]:
    """The plan of the task in that folder."""
    with task_inputs(folder / "task.yaml", silent) as (task, inputs):
        return plan_of(inputs, task.title)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the bookshop's task."""
    for name in ("task.yaml", "openapi.yaml", "schema.sql"):
        shutil.copy(BOOKSHOP / name, tmp_path / name)
    return tmp_path


def test_the_plan_says_what_each_operation_was_taken_for_and_why(shop: Path) -> None:
    plan = planned(shop)
    orders = next(one for one in plan["operations"] if one["operation"] == "GET /orders")
    assert orders["taken_for"] == "a list of `orders` of the current user"
    assert "path part `orders` is the table `orders`" in orders["evidence"]
    assert orders["columns"]["answer"]["deliveryAddress"] == "orders.delivery_address"
    assert not orders["hole"]
    assert plan["schema"] == "given"


def test_a_correction_is_followed_and_the_plan_is_the_same_each_time(shop: Path) -> None:
    (shop / "plan.yaml").write_text("operations:\n  GET /orders:\n    hole: asks the warehouse\n")
    first, second = planned(shop), planned(shop)
    assert json.dumps(first) == json.dumps(second)
    orders = next(one for one in first["operations"] if one["operation"] == "GET /orders")
    assert (orders["hole"], orders["corrected"]) == ("asks the warehouse", True)


def test_operations_and_tables_that_there_are_not_are_refused(shop: Path) -> None:
    (shop / "plan.yaml").write_text("users: nobody\noperations:\n  GET /nothing: {table: books}\n")
    with pytest.raises(TaskError) as refused:
        planned(shop)
    assert [problem.message.split(";")[0] for problem in refused.value.problems] == [
        "there is no operation `GET /nothing`",
        "users: there is no table `nobody`",
    ]


def test_what_cannot_be_understood_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("operations:\n  GET /books:\n    rows: some\n")
    with pytest.raises(TaskError, match=r"plan.yaml:3: operations.GET /books.rows: input should be"):
        read_plan(path)


def test_a_run_keeps_what_was_said_for_whoever_resumes_it() -> None:
    said = Corrections({"GET /books": Correction(table="books", rows="all")}, users="people")
    record = RunRecord.model_construct(corrections=said)
    assert RunRecord.model_fields["corrections"].annotation is Corrections
    assert json.loads(record.model_dump_json(include={"corrections"}))["corrections"] == {
        "operations": {"GET /books": {"table": "books", "rows": "all", "callers": "", "hole": ""}},
        "users": "people",
    }


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(some.text(max_size=60) | some.from_regex(r"(users|operations): [\[{ \w:,/}\]]{0,20}\n?", fullmatch=True))
def test_whatever_stands_there_is_read_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    with suppress(TaskError):
        assert isinstance(read_plan(path), Corrections)
