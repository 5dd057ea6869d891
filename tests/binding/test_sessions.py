"""Registering, logging in and out, refreshing, and who one is."""

from __future__ import annotations

from typing import Any

import pytest

from agent.binding.callers import Accounts, TokenPart
from agent.binding.model import Action, Bound, Field
from tests.binding.conftest import Derive
from tests.binding.phrases import TEXT, UUID, WHOLE, maybe, operation, record, rows
from tests.binding.schemas import LIBRARY, NOTES

CREDENTIALS = record("email", "password")
TOKENS = record("accessToken", "refreshToken", "tokenType", expiresIn=WHOLE)
PERSON = record("email", "name", id=UUID)
LOGIN = f"/auth/login: {{post: {operation(body=CREDENTIALS, answer=TOKENS)}}}"
SECRET = Field("password", "password_hash", True, secret=True)


def login(derive: Derive, body: Any, answer: Any, path: str = "/auth/login") -> Bound:
    return derive(NOTES, f"{path}: {{post: {operation(body=body, answer=answer)}}}").operations[0]


@pytest.mark.parametrize("path", ["/auth/login", "/login", "/api/v1/sessions", "/token", "/users/login"])
def test_a_login_takes_a_password_and_answers_a_token(derive: Derive, path: str) -> None:
    bound = login(derive, CREDENTIALS, TOKENS, path)
    assert (bound.action, bound.table, bound.resource) == (Action.LOGIN, "users", "auth")
    assert bound.body == (Field("email", "email", True), SECRET)
    assert bound.tokens == {
        ("accessToken",): TokenPart.ACCESS,
        ("refreshToken",): TokenPart.REFRESH,
        ("tokenType",): TokenPart.TYPE,
        ("expiresIn",): TokenPart.EXPIRES,
    }


@pytest.mark.parametrize("path", ["/auth/reset-token", "/auth/change-password", "/unlock"])
def test_a_password_is_also_sent_for_other_reasons(derive: Derive, path: str) -> None:
    assert login(derive, CREDENTIALS, TOKENS, path).hole


def test_tokens_may_stand_deeper_and_beside_the_user(derive: Derive) -> None:
    bound = login(derive, CREDENTIALS, record(data=record(user=PERSON, tokens=record("token"))))
    assert bound.tokens == {("data", "tokens", "token"): TokenPart.ACCESS}
    assert bound.envelope.data == ("data", "user")
    assert [field.column for field in bound.answer] == ["email", "name", "id"]


def test_a_user_may_be_named_otherwise_where_one_column_can_be_meant(derive: Derive) -> None:
    assert login(derive, record("username", "password"), TOKENS).body[0] == Field("username", "email", True)


def test_a_form_of_the_password_flow_is_a_login(derive: Derive) -> None:
    form = record("username", "password", grant_type=maybe(TEXT), scope=maybe(TEXT))
    body = {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": form}}}
    post = operation(answer=record("access_token", "token_type"), requestBody=body)
    binding = derive(NOTES, f"/token: {{post: {post}}}")
    assert binding.operations[0].body == (Field("username", "email", True), SECRET)
    assert binding.accounts is not None
    assert binding.accounts.login_column == "email"


@pytest.mark.parametrize(
    ("body", "answer", "reason"),
    [
        (record("email", "password", "otp"), TOKENS, "body property `otp` names no user"),
        (record("name", "password"), TOKENS, "body property `name` names no user"),
        (record("password"), TOKENS, "a login needs one property that names the user and a password"),
        (record("email", password=maybe(TEXT)), TOKENS, "both required"),
        (CREDENTIALS, record("accessToken", "mood"), "answer property `mood` is no part of a session"),
        (CREDENTIALS, record("token", "jwt"), "does not say clearly which property is the access token"),
    ],
)
def test_a_login_that_asks_or_answers_more_is_a_hole(derive: Derive, body: Any, answer: Any, reason: str) -> None:
    assert reason in login(derive, body, answer).reason


def test_a_schema_without_passwords_has_no_login(derive: Derive) -> None:
    binding = derive(LIBRARY, LOGIN)
    assert binding.operations[0].reason == "the schema has no table of users with a password"
    assert binding.accounts is None


@pytest.mark.parametrize("path", ["/auth/register", "/signup", "/auth/sign-up", "/users"])
def test_registering_adds_a_user_whose_password_is_hashed(derive: Derive, path: str) -> None:
    post = operation(body=record("email", "name", "password"), answer=PERSON, status="201")
    bound = derive(NOTES, f"{path}: {{post: {post}}}").operations[0]
    assert bound.action is Action.REGISTER
    assert bound.body == (Field("email", "email", True), Field("name", "name", True), SECRET)
    assert [field.property for field in bound.answer] == ["email", "name", "id"]


def test_registering_may_log_in_at_once(derive: Derive) -> None:
    post = operation(body=record("email", "name", "password"), answer=record("token", user=PERSON), status="201")
    bound = derive(NOTES, f"/register: {{post: {post}}}").operations[0]
    assert bound.tokens == {("token",): TokenPart.ACCESS}
    assert bound.envelope.data == ("user",)


@pytest.mark.parametrize(
    ("body", "answer", "reason"),
    [
        (record("email", "password"), PERSON, "nothing gives the column `name` of `users`, which must have a value"),
        (record("email", "name", "password", "nick"), PERSON, "body property `nick` has no column in `users`"),
        (record("email", "name", "password"), record("email", "password"), "`password` has no column in `users`"),
        (record("email", "name", "password"), record("passwordHash"), "would show the stored password"),
    ],
)
def test_a_registration_that_cannot_be_stored_or_answered_is_a_hole(
    derive: Derive, body: Any, answer: Any, reason: str
) -> None:
    post = operation(body=body, answer=answer, status="201")
    assert reason in derive(NOTES, f"/register: {{post: {post}}}").operations[0].reason


def test_rights_cannot_be_given_to_oneself(derive: Derive) -> None:
    sql = "CREATE TABLE users (id uuid PRIMARY KEY, email text NOT NULL UNIQUE, password text NOT NULL, role text);"
    post = operation(body=record("email", "password", role=maybe(TEXT)), status="201")
    bound = derive(sql, f"/register: {{post: {post}}}").operations[0]
    assert bound.reason == "body property `role` grants rights, and nothing says who may give them"


def test_refreshing_takes_the_token_that_the_login_gave(derive: Derive) -> None:
    refresh = f"/auth/refresh: {{post: {operation(body=record('refreshToken'), answer=TOKENS)}}}"
    bound = derive(NOTES, f"{LOGIN}\n{refresh}").bound("POST /auth/refresh")
    assert (bound.action, bound.presented) == (Action.REFRESH, "refreshToken")
    assert derive(NOTES, refresh).operations[0].reason == "no login answers a refresh token"


def test_refreshing_with_more_than_the_token_is_a_hole(derive: Derive) -> None:
    refresh = f"/auth/refresh: {{post: {operation(body=record('refreshToken', 'device'), answer=TOKENS)}}}"
    assert "not just a refresh token" in derive(NOTES, f"{LOGIN}\n{refresh}").bound("POST /auth/refresh").reason


def test_logging_out_answers_nothing(derive: Derive) -> None:
    silent = f"/auth/logout: {{post: {operation(status='204', protected=True)}}}"
    telling = f"/auth/logout: {{post: {operation(answer=record('message'), protected=True)}}}"
    assert derive(NOTES, silent).operations[0].action is Action.LOGOUT
    assert "answers something" in derive(NOTES, telling).operations[0].reason


@pytest.mark.parametrize("path", ["/me", "/auth/me", "/users/me", "/profile", "/user/current", "/user"])
def test_the_caller_can_be_read(derive: Derive, path: str) -> None:
    bound = derive(NOTES, f"{path}: {{get: {operation(answer=record(data=PERSON), protected=True)}}}").operations[0]
    assert (bound.action, bound.table, bound.owner) == (Action.ME, "users", "id")
    assert bound.envelope.data == ("data",)


@pytest.mark.parametrize("answer", [rows(PERSON), record(users=rows(PERSON), total=WHOLE)])
@pytest.mark.parametrize("path", ["/user", "/users"])
def test_several_users_are_not_the_caller(derive: Derive, path: str, answer: str) -> None:
    bound = derive(NOTES, f"{path}: {{get: {operation(answer=answer, protected=True)}}}").operations[0]
    assert bound.action is not Action.ME


def test_who_the_caller_is_with_a_token_is_a_hole(derive: Derive) -> None:
    answer = record("email", "token")
    bound = derive(NOTES, f"{LOGIN}\n/me: {{get: {operation(answer=answer, protected=True)}}}").bound("GET /me")
    assert "`token`" in bound.reason


def test_me_is_no_caller_where_nobody_is_asked_who_calls(derive: Derive) -> None:
    assert derive(NOTES, f"/me: {{get: {operation(answer=PERSON)}}}").operations[0].hole


def test_accounts_say_where_callers_come_from(derive: Derive) -> None:
    binding = derive(
        NOTES,
        f"""
        {LOGIN.strip()}
        """
        f"""/auth/register: {{post: {operation(body=record("email", "name", "password"), status="201")}}}
        """,
    )
    assert binding.accounts == Accounts(
        table="users",
        id_column="id",
        login_column="email",
        password_column="password_hash",
        scheme="bearer",
        register="POST /auth/register",
        login="POST /auth/login",
        access_token=("accessToken",),
        refresh_token=("refreshToken",),
    )


def test_several_tables_with_passwords_leave_it_open_who_calls_unless_one_is_named_after_people(derive: Derive) -> None:
    both = "CREATE TABLE {} (id uuid PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL);"
    people = both.format("users") + both.format("printers")
    things = both.format("scanners") + both.format("printers")
    assert derive(people, LOGIN).operations[0].table == "users"
    assert derive(things, LOGIN).operations[0].reason == (
        "the tables `printers` and `scanners` all keep passwords: nothing says which of them holds the callers"
    )


@pytest.mark.parametrize("index", ["lower(email)", "upper((email)::text)", "email"])
def test_a_login_may_be_unique_whatever_its_letter_case(derive: Derive, index: str) -> None:
    sql = "CREATE TABLE users (id uuid PRIMARY KEY, email varchar(99) NOT NULL, password text NOT NULL);"
    bound = derive(f"{sql} CREATE UNIQUE INDEX once ON users ({index});", LOGIN).operations[0]
    assert bound.body[0] == Field("email", "email", True)
    assert "names no user" in derive(f"{sql} CREATE INDEX often ON users ({index});", LOGIN).operations[0].reason
