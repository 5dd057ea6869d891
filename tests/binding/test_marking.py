"""Rows that are marked as removed instead of being deleted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.binding.corrections import Correction
from agent.binding.evidence import evidence
from agent.binding.model import Action, Bound, Mark
from agent.catalog.model import Catalog
from tests.binding.conftest import Derive
from tests.binding.phrases import TEXT, TIME, UUID, maybe, operation, record, rows

TASKS = "CREATE TABLE tasks (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), code text NOT NULL, {});"
TASK = record("code", id=UUID)
REMOVE = operation(status="204")
CODE = [{"name": "code", "in": "path", "required": True, "schema": TEXT}]


def removal(derive: Derive, column: str, said: str = REMOVE, others: str = "") -> Bound:
    return derive(TASKS.format(column), f"/tasks/{{id}}: {{delete: {said}}}\n{others}").bound("DELETE /tasks/{id}")


@pytest.mark.parametrize("column", ["deleted_at timestamptz", '"deletedAt" timestamp', "removed_on date"])
def test_a_removal_sets_the_moment_that_marks_it(derive: Derive, column: str) -> None:
    bound = removal(derive, column)
    assert (bound.reason, bound.action) == ("", Action.DELETE)
    assert bound.mark == Mark((column.split()[0].strip('"'),))


def test_a_removal_turns_the_switch_that_marks_it(derive: Derive) -> None:
    assert removal(derive, "is_deleted boolean NOT NULL DEFAULT false").mark == Mark((), {"is_deleted": False})
    assert removal(derive, "deleted boolean DEFAULT false").mark == Mark((), {"deleted": True})


@pytest.mark.parametrize(
    "column", ["deleted_at timestamptz NOT NULL DEFAULT 'infinity'", "deleted integer", "is_deleted boolean NOT NULL"]
)
def test_what_marks_rows_in_no_usual_way_leaves_it_open_what_a_removal_does(derive: Derive, column: str) -> None:
    assert "nothing says whether rows are removed or marked" in removal(derive, column).reason


def test_what_is_removed_for_good_is_not_marked(derive: Derive) -> None:
    said = operation(status="204", text="Permanently delete a task")
    assert "removed for good" in removal(derive, "deleted_at timestamptz", said).reason


def test_rows_are_archived_by_a_removal_where_the_contract_speaks_of_no_archive(derive: Derive) -> None:
    column = "archived_at timestamptz"
    assert removal(derive, column).mark == Mark(("archived_at",))
    archive = f"/tasks/{{id}}/archive: {{post: {operation(status='204')}}}"
    listed = f"/tasks: {{get: {operation(answer=rows(TASK), query={'archived': {'type': 'boolean'}})}}}"
    shown = f"/tasks: {{get: {operation(answer=rows(record('code', id=UUID, archivedAt=maybe(TIME))))}}}"
    for others in (archive, listed, shown):
        bound = removal(derive, column, others=others)
        assert (bound.action, bound.mark) == (Action.DELETE, None)


def test_nobody_sets_or_asks_for_what_marks_rows(derive: Derive) -> None:
    column = "deleted_at timestamptz"
    change = operation(body=record(code=maybe(TEXT), deletedAt=maybe(TIME)), answer=TASK)
    patched = derive(TASKS.format(column), f"/tasks/{{id}}: {{patch: {change}}}").operations[0]
    assert patched.reason == "body property `deletedAt` sets `deleted_at`, which marks what was removed"
    for name in ("deleted_at", "deleted_since", "deleted_before"):
        listing = operation(answer=rows(TASK), query={name: TIME})
        reason = derive(TASKS.format(column), f"/tasks: {{get: {listing}}}").operations[0].reason
        assert f"`{name}`" in reason


@pytest.mark.parametrize("text", ["List tasks, deleted ones included", "The trashed tasks", "All removed tasks"])
def test_reading_that_speaks_of_removed_rows_is_a_hole(derive: Derive, text: str) -> None:
    listed = operation(answer=rows(TASK), text=text)
    assert "removed rows" in derive(TASKS.format("deleted_at date"), f"/tasks: {{get: {listed}}}").operations[0].reason
    plain = operation(answer=rows(TASK), text="List tasks that are not deleted")
    assert not derive(TASKS.format("deleted_at date"), f"/tasks: {{get: {plain}}}").operations[0].hole


def test_an_answer_that_shows_the_mark_of_what_is_removed_is_a_hole(derive: Derive) -> None:
    said = operation(answer=record("code", deleted_at=maybe({"type": ["string", "null"], "format": "date-time"})))
    assert "as it was or as it is then" in removal(derive, "deleted_at timestamptz", said).reason


@pytest.mark.parametrize(
    ("column", "condition", "alone"),
    [
        ("deleted_at timestamptz", "deleted_at IS NULL", True),
        ("is_deleted boolean NOT NULL DEFAULT false", "NOT is_deleted", True),
        ("is_deleted boolean NOT NULL DEFAULT false", "is_deleted = false", True),
        ("deleted_at timestamptz", "deleted_at IS NOT NULL", False),
        ("deleted_at timestamptz", "code <> ''", False),
    ],
)
def test_what_is_unique_among_rows_that_are_there_selects_one(
    derive: Derive, column: str, condition: str, alone: bool
) -> None:
    sql = f"{TASKS.format(column)} CREATE UNIQUE INDEX once ON tasks (code) WHERE {condition};"
    bound = derive(sql, f"/tasks/{{code}}: {{get: {operation(answer=TASK, parameters=CODE)}}}").operations[0]
    assert bound.hole is not alone


def test_the_plan_says_how_rows_are_marked(derive: Derive, catalogs: Callable[[str], Catalog]) -> None:
    sql = TASKS.format("deleted_at timestamptz")
    binding = derive(sql, f"/tasks/{{id}}: {{delete: {REMOVE}}}")
    assert binding.marks == {"tasks": Mark(("deleted_at",))}
    reasons = evidence(binding.operations[0], catalogs(sql), Correction())
    assert "removed rows of `tasks` are marked in `deleted_at`, and left out everywhere" in reasons
