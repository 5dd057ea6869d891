"""Which rows the services reach that the blueprint writes: their statements and what is raised where there is none."""

from __future__ import annotations

import re
from typing import Any

from agent.stacks.python_fastapi.project.integration import scenarios
from agent.stacks.python_fastapi.project.shape import Shape
from tests.binding.phrases import TEXT, UUID, maybe, record
from tests.stacks.python_fastapi.blueprint.conftest import Write, Written

USERS = """
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text NOT NULL UNIQUE, password_hash text NOT NULL
);
"""


def served(write: Write, sql: str, paths: dict[str, dict[str, Any]]) -> Written:
    """The service of operations that signed-in callers ask, without a hole."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Test", "version": "1"},
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }
    written = write(document, sql)
    assert written.holes == ()
    return written


def said(body: Any = None, answer: Any = None, status: str = "200", **more: Any) -> dict[str, Any]:
    """An operation."""
    media = "application/json"
    sent = {"requestBody": {"required": True, "content": {media: {"schema": body}}}} if body is not None else {}
    content = {"content": {media: {"schema": answer}}} if answer is not None else {}
    return {**sent, "responses": {status: {"description": "done", **content}}, **more}


def test_an_own_account_is_changed_with_a_hashed_password_and_one_that_is_gone_is_none(write: Write) -> None:
    person, change = record("email", id=UUID), record(email=maybe(TEXT), password=maybe(TEXT))
    me = {"patch": said(change, person, operationId="changeMe"), "delete": said(status="204", operationId="leave")}
    written = served(write, USERS, {"/me": me})
    service = written.files["src/services/auth.py"]
    assert "else await hash_password(body.password)" in service
    assert service.count("raise Unauthenticated") == 2
    assert "NotFound" not in service
    wanted = {"change_me_to_the_email_of_another", "change_me_of_somebody_who_is_gone", "leave_of_somebody_who_is_gone"}
    assert wanted <= scenario_names(written)


def scenario_names(written: Written) -> set[str]:
    """The names of the integration tests that the service gets."""
    shape = Shape(written.contract, written.catalog, written.binding)
    return {one.name for bound in written.binding.operations for one in scenarios(shape, bound)}


def test_rows_below_one_that_another_column_selects_belong_to_its_key(write: Write) -> None:
    sql = (
        """
    CREATE TABLE shelves (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), label text NOT NULL UNIQUE);
    CREATE TABLE boxes (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        shelf_id uuid NOT NULL REFERENCES shelves (id), note text NOT NULL
    );
    """
        + USERS
    )
    box, note = record("note", id=UUID), record("note")
    label, key = (
        {"name": name, "in": "path", "required": True, "schema": kind} for name, kind in (("label", TEXT), ("id", UUID))
    )
    boxes = {
        "get": said(answer={"type": "array", "items": box}, operationId="listBoxes"),
        "post": said(note, box, "201", operationId="addBox"),
        "parameters": [label],
    }
    one = {"get": said(answer=box, operationId="getBox"), "parameters": [label, key]}
    files = served(write, sql, {"/shelves/{label}/boxes": boxes, "/shelves/{label}/boxes/{id}": one}).files
    repository, service = files["src/repositories/boxes.py"], files["src/services/boxes.py"]
    assert '" (SELECT id FROM shelves WHERE label = $2)"' in repository
    assert "if not await self._shelves.exists_by_label(label):" in service
    assert "shelf = await self._shelves.find_by_label(label)" in service
    assert '"shelf_id": shelf.id' in service


def test_rows_that_are_marked_as_removed_are_reached_by_no_statement(write: Write) -> None:
    sql = """
    CREATE TABLE shelves (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), label text NOT NULL UNIQUE,
        updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz);
    CREATE TABLE boxes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        shelf_id uuid NOT NULL REFERENCES shelves (id), is_deleted boolean NOT NULL DEFAULT false);
    """
    shelf, box = record("label", id=UUID), record(id=UUID)
    key = {"name": "id", "in": "path", "required": True, "schema": UUID}
    one = {
        "get": said(answer=shelf, operationId="getShelf"),
        "patch": said(record("label"), shelf, operationId="changeShelf"),
        "delete": said(status="204", operationId="removeShelf"),
        "parameters": [key],
    }
    shelves = {"get": said(answer={"type": "array", "items": shelf}, operationId="listShelves")}
    boxes = {"get": said(answer={"type": "array", "items": box}, operationId="listBoxes"), "parameters": [key]}
    written = served(write, sql + USERS, {"/shelves": shelves, "/shelves/{id}": one, "/shelves/{id}/boxes": boxes})
    statements = _statements(written.files["src/repositories/shelves.py"])
    assert "UPDATE shelves SET updated_at = now(), deleted_at = now() WHERE" in statements
    assert "DELETE FROM" not in statements
    assert statements.count("shelves.deleted_at IS NULL") == 5, "found, there, listed, changed, removed"
    assert 'Conditions("NOT boxes.is_deleted")' in written.files["src/repositories/boxes.py"]
    wanted = {"get_shelf", "change_shelf", "remove_shelf"}
    assert {f"{name}_of_something_removed" for name in wanted} <= scenario_names(written)
    assert "list_boxes_leaves_out_what_was_removed" in scenario_names(written)


def _statements(source: str) -> str:
    """Source whose SQL is not cut into pieces."""
    return re.sub(r'"\s+f?"', "", source)
