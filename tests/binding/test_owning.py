"""Whose rows an operation may touch, and who may call it at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.binding.callers import Keys
from agent.binding.corrections import Correction, Corrections
from agent.binding.model import Action, Guard
from tests.binding.conftest import Derive
from tests.binding.phrases import TEXT, UUID, maybe, operation, record, rows
from tests.binding.schemas import NOTES

TITLE = record("title", id=UUID)
TELLING = record("title", id=UUID, userId=UUID)
LIST = f"/notebooks: {{get: {operation(answer=rows(TITLE), protected=True)}}}"
CREATE = operation(body=record("title"), answer=TITLE, status="201", protected=True)


def test_a_new_row_belongs_to_the_caller(derive: Derive) -> None:
    assert derive(NOTES, f"/notebooks: {{post: {CREATE}}}").operations[0].owner == "user_id"


def test_without_a_caller_a_row_that_needs_an_owner_cannot_be_made(derive: Derive) -> None:
    post = operation(body=record("title"), status="201")
    bound = derive(NOTES, f"/notebooks: {{post: {post}}}").operations[0]
    assert bound.reason == "nothing gives the column `user_id` of `notebooks`, which must have a value"


@pytest.mark.parametrize("method", ["patch", "delete", "put"])
def test_only_the_owner_changes_a_row(derive: Derive, method: str) -> None:
    body = None if method == "delete" else record("title") if method == "put" else record(title=maybe(TEXT))
    said = operation(body=body, protected=True, status="204")
    assert derive(NOTES, f"/notebooks/{{id}}: {{{method}: {said}}}").operations[0].owner == "user_id"


@pytest.mark.parametrize(
    ("answer", "text", "owner"),
    [
        (TITLE, "List notebooks", "user_id"),
        (TELLING, "List the caller's notebooks", "user_id"),
        (TELLING, "List my notebooks", "user_id"),
        (TELLING, "List all notebooks", None),
        (TELLING, "Anyone who is logged in sees them", None),
        (TELLING, "List all notebooks of the signed-in user", "user_id"),
        (record("title", user=record("name")), "List notebooks", None),
    ],
)
def test_whose_rows_are_listed(derive: Derive, answer: object, text: str, owner: str | None) -> None:
    bound = derive(
        NOTES, f"/notebooks: {{get: {operation(answer=rows(answer), protected=True, text=text)}}}"
    ).operations[0]
    assert bound.reason == ""
    assert bound.owner == owner


def test_a_list_that_names_owners_without_saying_whose_rows_it_shows_is_a_hole(derive: Derive) -> None:
    bound = derive(NOTES, f"/notebooks: {{get: {operation(answer=rows(TELLING), protected=True)}}}").operations[0]
    assert bound.reason == "nothing says whether only the caller's rows of `notebooks` are meant (`user_id`), or all"


def test_what_is_open_to_all_has_no_owner(derive: Derive) -> None:
    bound = derive(NOTES, f"/notebooks: {{get: {operation(answer=rows(TITLE))}}}").operations[0]
    assert bound.owner is None


@pytest.mark.parametrize("path", ["/me/notebooks", "/users/me/notebooks"])
def test_a_path_that_begins_with_the_caller(derive: Derive, path: str) -> None:
    bound = derive(NOTES, f"{path}: {{get: {operation(answer=rows(TELLING), protected=True)}}}").operations[0]
    assert (bound.action, bound.owner, bound.path) == (Action.LIST, "user_id", ())


def test_parts_of_a_row_are_only_for_its_owner(derive: Derive) -> None:
    note = record("body", id=UUID)
    paths = f"""
    {LIST}
    /notebooks/{{id}}/notes:
      get: {operation(answer=rows(note), protected=True)}
      post: {operation(body=record("body"), answer=note, status="201", protected=True)}
    """
    for bound in derive(NOTES, paths).operations[1:]:
        assert bound.reason == ""
        assert bound.owner is None
        assert [step.owner for step in bound.path] == ["user_id"]


def test_parts_of_a_row_are_guarded_where_the_path_does_not_name_it(derive: Derive) -> None:
    paths = f"""
    {LIST}
    /notes/{{id}}: {{delete: {operation(status="204", protected=True)}}}
    """
    bound = derive(NOTES, paths).bound("DELETE /notes/{id}")
    assert bound.guards == (Guard("notebooks", "id", "notebook_id", "user_id"),)


def test_parts_of_parts_are_a_hole_where_the_path_does_not_name_whose(derive: Derive) -> None:
    paths = f"""
    {LIST}
    /attachments/{{id}}: {{delete: {operation(status="204", protected=True)}}}
    /notes/{{noteId}}/attachments: {{post: {operation(body=record("name"), status="201", protected=True)}}}
    """
    reasons = {bound.reason for bound in derive(NOTES, paths).holes}
    assert reasons == {"rows of `notes` belong to rows of `notebooks`, and the path does not name whose"}


def test_others_may_add_to_what_everybody_reads(derive: Derive) -> None:
    remark = record("body", id=UUID, user=record("name"))
    paths = f"""
    /articles: {{get: {operation(answer=rows(record("title")))}}}
    /articles/{{articleId}}/remarks:
      get: {operation(answer=rows(remark), protected=True)}
      post: {operation(body=record("body"), answer=remark, status="201", protected=True)}
    """
    _, reading, adding = derive(NOTES, paths).operations
    assert (reading.owner, reading.path[0].owner) == (None, None)
    assert (adding.owner, adding.path[0].owner) == ("user_id", None)


def test_rows_below_a_user_are_added_and_read_by_that_user(derive: Derive) -> None:
    paths = f"""
    /users/{{userId}}/notebooks:
      get: {operation(answer=rows(TITLE), protected=True, text="My notebooks")}
      post: {CREATE}
    """
    for bound in derive(NOTES, paths).operations:
        assert bound.reason == ""
        assert [step.owner for step in bound.path] == ["id"]


def test_rows_below_a_user_are_a_hole_when_nothing_says_who_reads_them(derive: Derive) -> None:
    bound = derive(
        NOTES, f"/users/{{userId}}/notebooks: {{get: {operation(answer=rows(TELLING), protected=True)}}}"
    ).operations[0]
    assert bound.hole


def test_two_columns_that_could_name_the_caller_are_a_hole(derive: Derive) -> None:
    post = operation(body=record("body"), status="201", protected=True)
    bound = derive(NOTES, f"/letters: {{post: {post}}}").operations[0]
    assert bound.reason == "the columns `receiver_id` and `sender_id` of `letters` could both name the caller"


def test_the_column_that_the_body_does_not_give_names_the_caller(derive: Derive) -> None:
    post = operation(body=record("body", receiverId=UUID), status="201", protected=True)
    assert derive(NOTES, f"/letters: {{post: {post}}}").operations[0].owner == "sender_id"


def test_a_body_that_says_whose_a_row_is_is_a_hole(derive: Derive) -> None:
    post = operation(body=record("title", userId=UUID), status="201", protected=True)
    binding = derive(NOTES, f"/notebooks: {{post: {post}}}\n{LIST.replace('/notebooks:', '/Notebooks:')}")
    assert {bound.reason for bound in binding.operations} == {
        "a body sets `notebooks.user_id`, and nothing says whether that must be the caller"
    }


def test_users_change_and_remove_only_themselves(derive: Derive) -> None:
    paths = f"/users/{{id}}: {{delete: {operation(status='204', protected=True)}}}"
    assert derive(NOTES, paths).operations[0].owner == "id"
    with_role = NOTES.replace("name text NOT NULL,\n    password", "role text NOT NULL DEFAULT 'x',\n    password", 1)
    assert derive(with_role, paths).operations[0].reason == (
        "`users` has `role`, and nothing says which users may do this"
    )


def test_personal_data_of_other_users_is_a_hole(derive: Derive) -> None:
    paths = f"/users/{{id}}: {{get: {operation(answer=record('email'), protected=True)}}}"
    assert "shows personal data" in derive(NOTES, paths).operations[0].reason


@pytest.mark.parametrize(
    ("security", "reason"),
    [
        ([{"basic": []}], ""),
        ([{"key": []}], "an API key names no user, and this is about what belongs to one"),
        ([{"bearer": [], "key": []}], "callers need `bearer` and `key` at once, and only one"),
        ([{"bearer": ["editor"]}, {"bearer": ["writer"]}], "callers need `editor`, and nothing says who has that"),
        ([{"basic": ["editor"]}], "callers need `editor`, and nothing says who has that"),
        ([{"basic": []}, {"bearer": []}], ""),
        ([{"key": []}, {"bearer": []}], "an API key names no user"),
        ([{"bearer": []}, {}], ""),
    ],
)
def test_how_callers_are_known(derive: Derive, security: object, reason: str) -> None:
    said = json.loads(operation(answer=rows(TITLE)))
    paths = json.dumps({"/articles": {"get": {**said, "security": security}}})
    bound = derive(NOTES, paths).operations[0]
    assert bound.hole == bool(reason)
    assert reason in bound.reason


def test_a_scheme_of_another_kind_is_a_hole(derive: Derive) -> None:
    said = {**json.loads(operation(answer=rows(TITLE))), "security": [{"certificate": []}]}
    components = {"securitySchemes": {"certificate": {"type": "mutualTLS"}}}
    bound = derive(NOTES, json.dumps({"/articles": {"get": said}}), document={"components": components}).operations[0]
    assert bound.reason == (
        "callers are known by `certificate` (mutualTLS), and only bearer tokens, HTTP basic and API keys are derived"
    )


def test_scopes_stand_in_tokens_that_somebody_else_issues(derive: Derive) -> None:
    said = {**json.loads(operation(answer=rows(TITLE))), "security": [{"bearer": ["write", "read"]}]}
    paths: dict[str, Any] = {"/articles": {"get": said}}
    elsewhere = derive(NOTES, json.dumps(paths))
    assert (elsewhere.operations[0].reason, elsewhere.scopes) == ("", ("read", "write"))
    anybody = derive(NOTES, json.dumps(paths), corrections=Corrections({"GET /articles": Correction(callers="any")}))
    assert (anybody.operations[0].reason, anybody.scopes) == ("", ())
    paths["/login"] = {"post": json.loads(operation(body=record("email", "password"), answer=record("token")))}
    here = derive(NOTES, json.dumps(paths))
    assert here.operations[0].reason == "callers need `read` and `write`, and nothing says who has that"
    assert here.scopes == ()
    assert [one.operations[0].demands for one in (elsewhere, anybody, here)] == [
        (("read", "write"),),
        (),
        (("read", "write"),),
    ]


@pytest.mark.parametrize(
    ("security", "demands"),
    [
        ([{"bearer": ["b", "a"]}, {"bearer": ["c"]}], (("a", "b"), ("c",))),
        ([{"bearer": ["a"]}, {"bearer": []}], ()),
        ([{"bearer": ["a"]}, {}], ()),
        ([{"bearer": []}], ()),
    ],
)
def test_a_token_needs_the_scopes_of_one_alternative(derive: Derive, security: object, demands: object) -> None:
    said = {**json.loads(operation(answer=rows(TITLE))), "security": security}
    assert derive(NOTES, json.dumps({"/articles": {"get": said}})).operations[0].demands == demands


KEYS = """
CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES users (id),
    key_hash text NOT NULL UNIQUE,
    revoked_at timestamptz,
    active boolean NOT NULL
);
"""


@pytest.mark.parametrize("security", [[{"key": []}], [{"bearer": []}, {"key": []}, {"basic": []}]])
def test_keys_of_a_table_name_their_owner(derive: Derive, security: object) -> None:
    paths = json.dumps({"/articles": {"get": {**json.loads(operation(answer=rows(TITLE))), "security": security}}})
    binding = derive(NOTES + KEYS, paths)
    assert not binding.holes
    assert binding.keys == Keys("api_keys", "id", "key_hash", "owner_id", ("revoked_at",), {"active": True})


def test_passwords_want_a_unique_login(derive: Derive) -> None:
    paths = json.dumps(
        {"/articles": {"get": {**json.loads(operation(answer=rows(TITLE))), "security": [{"basic": []}]}}}
    )
    sql = NOTES.replace("email text NOT NULL UNIQUE", "email text NOT NULL")
    assert sql != NOTES
    assert "nothing says which unique column of `users` callers are known by" in derive(sql, paths).operations[0].reason


@pytest.mark.parametrize(
    ("text", "hole"),
    [
        ("Only administrators may do this.", True),
        ("Requires the admin role", True),
        ("Restricted to staff", True),
        ("Write to the administrator", False),
        ("Only the title changes", False),
    ],
)
def test_what_only_some_callers_may_do_is_a_hole(derive: Derive, text: str, hole: bool) -> None:
    patch = operation(body=record(title=maybe(TEXT)), status="204", protected=True, text=text)
    bound = derive(NOTES, f"/articles/{{id}}: {{patch: {patch}}}").operations[0]
    assert bound.hole == hole
    assert ("only some callers may do this" in bound.reason) == hole


def test_a_403_without_owner_is_a_hole_where_users_have_different_rights(derive: Derive) -> None:
    sql = """
    CREATE TABLE users (
        id uuid PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL,
        role text NOT NULL DEFAULT 'reader'
    );
    CREATE TABLE shelves (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), label text NOT NULL);
    """
    empty = {"description": "done"}
    plain = operation(body=record("label"), protected=True, responses={"201": empty})
    telling = operation(body=record("label"), protected=True, responses={"201": empty, "403": empty})
    assert not derive(sql, f"/shelves: {{post: {plain}}}").operations[0].hole
    assert derive(sql, f"/shelves: {{post: {telling}}}").operations[0].reason == (
        "some callers get 403, users have `users.role`, and nothing says which of them may do this"
    )


def test_a_write_on_owned_rows_with_optional_credentials_is_a_hole(derive: Derive) -> None:
    sql = NOTES.replace("user_id uuid NOT NULL", "user_id uuid")
    post = operation(body=record("title"), status="201", security=[{"bearer": []}, {}])
    assert derive(sql, f"/notebooks: {{post: {post}}}").operations[0].reason == (
        "callers may be unknown here, and rows of `notebooks` have an owner (`user_id`)"
    )


def test_the_roles_of_the_schema_are_understood_in_the_contract(derive: Derive) -> None:
    sql = """
    CREATE TYPE user_role AS ENUM ('reader', 'librarian');
    CREATE TABLE users (
        id uuid PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL,
        role user_role NOT NULL DEFAULT 'reader'
    );
    CREATE TABLE shelves (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), label text NOT NULL);
    """

    def hole(text: str) -> bool:
        post = operation(body=record("label"), status="201", protected=True, text=text)
        return derive(sql, f"/shelves: {{post: {post}}}").operations[0].hole

    assert hole("Only librarians add shelves")
    assert not hole("Shelves are added by readers only")
    assert not hole("Librarians like shelves")
