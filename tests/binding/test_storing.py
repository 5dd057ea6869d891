"""Where every column's value comes from."""

from __future__ import annotations

from typing import Any

import pytest

from agent.binding.model import Action
from tests.binding.conftest import Derive
from tests.binding.phrases import TEXT, UUID, maybe, operation, record
from tests.binding.schemas import LIBRARY

TASKS = """
CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    title text NOT NULL,
    urgent boolean NOT NULL,
    note text,
    number bigint GENERATED ALWAYS AS IDENTITY,
    length integer GENERATED ALWAYS AS (length(title)) STORED,
    created_at timestamptz NOT NULL,
    modified_at timestamptz
);
"""


def test_keys_and_moments_without_default_are_set_by_the_service(derive: Derive) -> None:
    body = record("title", urgent={"type": "boolean"})
    post, patch = operation(body=body, status="201"), operation(body=record(title=maybe(TEXT)), status="204")
    paths = f"/tasks: {{post: {post}}}\n/tasks/{{id}}: {{patch: {patch}}}"
    creating, changing = derive(TASKS, paths).operations
    assert creating.filled == {"id": "uuid", "created_at": "now", "modified_at": "now"}
    assert changing.filled == {"modified_at": "now"}


def test_a_key_that_the_body_gives_is_not_made(derive: Derive) -> None:
    post = operation(body=record("title", id=UUID, urgent={"type": "boolean"}), status="201")
    assert "id" not in derive(TASKS, f"/tasks: {{post: {post}}}").operations[0].filled


def test_a_column_that_must_have_a_value_needs_a_source(derive: Derive) -> None:
    def post(**urgent: object) -> str:
        return (
            derive(TASKS, f"/tasks: {{post: {operation(body=record('title', **urgent), status='201')}}}")
            .operations[0]
            .reason
        )

    assert post() == "nothing gives the column `urgent` of `tasks`, which must have a value"
    assert post(urgent=maybe({"type": "boolean"})) == (
        "the body may leave out the column `urgent` of `tasks`, which must have a value"
    )
    assert post(urgent=maybe({"type": "boolean", "default": False})) == ""


def test_replacing_needs_every_value_that_the_column_demands(derive: Derive) -> None:
    put = operation(body=record(title=maybe(TEXT), urgent={"type": "boolean"}), status="204")
    assert derive(TASKS, f"/tasks/{{id}}: {{put: {put}}}").operations[0].reason == (
        "the body may leave out the column `title` of `tasks`, which must have a value"
    )


def test_a_put_that_demands_nothing_changes_what_was_sent(derive: Derive) -> None:
    put = operation(body=record(title=maybe(TEXT)), status="204")
    assert derive(TASKS, f"/tasks/{{id}}: {{put: {put}}}").operations[0].action is Action.PATCH


def test_null_for_a_column_that_is_never_null_means_the_same_as_leaving_it_out(derive: Derive) -> None:
    nullable = {"type": ["boolean", "null"]}
    sql = "CREATE TABLE notes (id serial PRIMARY KEY, pinned boolean NOT NULL DEFAULT false);"
    post = operation(body=record(pinned=nullable), status="201")
    patch = operation(body=record(pinned=maybe(nullable)), status="204")
    creating, changing = derive(sql, f"/notes: {{post: {post}}}\n/notes/{{id}}: {{patch: {patch}}}").operations
    assert [one.body[0].unsent_when_null for one in (creating, changing)] == [True, True]


@pytest.mark.parametrize("answer", [{}, {"type": "object"}, {"title": "Response"}])
def test_a_delete_that_leaves_open_what_it_answers_is_derived(derive: Derive, answer: Any) -> None:
    delete = operation(answer=answer)
    bound = derive(TASKS, f"/tasks/{{id}}: {{delete: {delete}}}").operations[0]
    assert (bound.action, bound.answer, bound.reason) == (Action.DELETE, (), "")


def test_an_answer_that_only_confirms_a_delete_is_derived(derive: Derive) -> None:
    delete = operation(answer=record("message", success={"type": "boolean"}))
    bound = derive(TASKS, f"/tasks/{{id}}: {{delete: {delete}}}").operations[0]
    assert (bound.action, bound.answer) == (Action.DELETE, ())
    assert bound.confirmed == {"message": "The task was deleted.", "success": True}


def test_an_answer_to_a_delete_that_tells_more_is_a_hole(derive: Derive) -> None:
    delete = operation(answer=record("message", remaining={"type": "integer"}))
    assert derive(TASKS, f"/tasks/{{id}}: {{delete: {delete}}}").operations[0].hole


def test_a_column_that_path_and_body_both_give_is_a_hole(derive: Derive) -> None:
    post = operation(body=record("colour", bookId=UUID), status="201")
    assert derive(LIBRARY, f"/books/{{id}}/covers: {{post: {post}}}").operations[0].reason == (
        "the column `book_id` is given by the path and by the body"
    )


def test_the_parent_of_the_path_gives_the_link(derive: Derive) -> None:
    post = operation(body=record("colour"), status="201")
    assert not derive(LIBRARY, f"/books/{{id}}/covers: {{post: {post}}}").operations[0].hole


def test_a_body_that_may_be_missing_is_written_like_an_empty_one(derive: Derive) -> None:
    loose = {"content": {"application/json": {"schema": record("label")}}}
    bare = {"content": {"application/json": {"schema": {**record("label"), "required": []}}}}
    post, other = operation(status="204", requestBody=loose), operation(status="204", requestBody=bare)
    assert not derive(LIBRARY, f"/shelves: {{post: {post}}}").operations[0].hole
    assert derive(LIBRARY, f"/shelves: {{post: {other}}}").operations[0].reason == (
        "the body may leave out the column `label` of `shelves`, which must have a value"
    )


def test_a_body_must_be_json(derive: Derive) -> None:
    form = {"required": True, "content": {"multipart/form-data": {"schema": record("label")}}}
    patch = {"required": True, "content": {"application/json-patch+json": {"schema": {"type": "array", "items": {}}}}}

    def reason(method: str, path: str, body: object) -> str:
        said = operation(status="204", requestBody=body)
        return derive(LIBRARY, f"{path}: {{{method}: {said}}}").operations[0].reason

    assert reason("post", "/shelves", form) == "the body is multipart/form-data, not JSON"
    assert reason("patch", "/shelves/{id}", patch) == "the body is a JSON Patch"
