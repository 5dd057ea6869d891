"""The caller's own account: changing and removing it."""

from __future__ import annotations

from typing import Any

import pytest

from agent.binding.evidence import taken_for
from agent.binding.model import Action, Bound, Field
from tests.binding.conftest import Derive
from tests.binding.phrases import TEXT, UUID, maybe, operation, record
from tests.binding.schemas import NOTES

PERSON = record("email", "name", id=UUID)
PART = record(email=maybe(TEXT), name=maybe(TEXT), password=maybe(TEXT))


def own(derive: Derive, path: str, method: str, body: Any = None, *, protected: bool = True, **more: Any) -> Bound:
    answer = PERSON if body is not None else None
    said = operation(body=body, answer=answer, protected=protected, **more)
    return derive(NOTES, f"{path}: {{{method}: {said}}}").operations[0]


@pytest.mark.parametrize(
    "path", ["/me", "/users/me", "/user/profile", "/api/v1/me", "/account/me", "/self", "/auth/me"]
)
def test_a_change_of_the_caller_is_one_of_the_callers_own_row(derive: Derive, path: str) -> None:
    bound = own(derive, path, "patch", PART)
    assert bound.reason == ""
    assert (bound.action, bound.table, bound.owner, bound.path) == (Action.PATCH, "users", "id", ())
    assert bound.own_account
    assert not bound.owned
    assert taken_for(bound) == "changing the caller's own row of `users`"
    assert bound.body[2] == Field("password", "password_hash", False, secret=True)


def test_a_put_sets_everything_and_keeps_a_password_that_nobody_can_send_back(derive: Derive) -> None:
    assert own(derive, "/me", "put", record("email", "name", "password")).action is Action.REPLACE
    assert own(derive, "/me", "put", record("email", "name")).action is Action.REPLACE
    assert own(derive, "/me", "put", record("email", "name", password=maybe(TEXT))).action is Action.PATCH
    mixed = own(derive, "/me", "put", record("email", name=maybe(TEXT), password=maybe(TEXT)))
    assert "may leave out the column `name`" in mixed.reason


def test_a_removal_of_the_caller_removes_the_row(derive: Derive) -> None:
    bound = own(derive, "/users/me", "delete", status="204")
    assert (bound.action, bound.owner, bound.own_account) == (Action.DELETE, "id", True)


def test_the_user_in_the_singular_is_the_caller_where_something_says_so(derive: Derive) -> None:
    put, get = operation(body=PART, answer=PERSON, protected=True), operation(answer=PERSON, protected=True)
    beside = derive(NOTES, f"/user: {{get: {get}, put: {put}}}").bound("PUT /user")
    assert beside.own_account
    assert own(derive, "/user", "put", PART, text="Change the user who is logged in").own_account
    assert own(derive, "/user", "put", PART).hole


@pytest.mark.parametrize("path", ["/sessions/current", "/auth/me", "/session/me", "/users/me/avatar", "/current"])
def test_what_may_be_a_session_or_a_part_of_the_account_is_not_removed(derive: Derive, path: str) -> None:
    assert own(derive, path, "delete", status="204").hole


def test_a_profile_is_removed_with_its_account_only_where_that_is_said(derive: Derive) -> None:
    assert own(derive, "/profile", "delete", status="204").hole
    assert own(derive, "/profile", "delete", status="204", text="Close the account").own_account


def test_a_table_of_profiles_is_no_account(derive: Derive) -> None:
    sql = NOTES + "CREATE TABLE profiles (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES users (id), bio text);"
    patch = operation(body=record(bio=maybe(TEXT)), protected=True)
    assert not derive(sql, f"/profile: {{patch: {patch}}}").operations[0].own_account


def test_rights_of_others_do_not_keep_anybody_from_their_own_account(derive: Derive) -> None:
    sql = NOTES.replace("password_hash text NOT NULL", "password_hash text NOT NULL, role text NOT NULL DEFAULT 'user'")
    change = derive(sql, f"/me: {{patch: {operation(body=PART, answer=PERSON, protected=True)}}}").operations[0]
    assert change.own_account
    more = record(name=maybe(TEXT), role=maybe(TEXT))
    grants = derive(sql, f"/me: {{patch: {operation(body=more, answer=PERSON, protected=True)}}}").operations[0]
    assert "grants rights" in grants.reason


@pytest.mark.parametrize("name", ["current_password", "old_password"])
def test_a_change_that_asks_for_the_present_password_is_a_hole(derive: Derive, name: str) -> None:
    bound = own(derive, "/me", "patch", record(name, password=TEXT))
    assert bound.reason == f"body property `{name}` has no column in `users`"


def test_nobody_changes_an_account_without_saying_who_calls(derive: Derive) -> None:
    assert own(derive, "/me", "patch", PART, protected=False).hole
