"""Bodies within a property are looked through, where it names what they are about."""

from __future__ import annotations

from typing import Any

import pytest

from agent.binding.callers import TokenPart
from agent.binding.model import Action, Bound
from tests.binding.conftest import Derive
from tests.binding.phrases import TEXT, UUID, operation, record, rows
from tests.binding.schemas import LIBRARY, NOTES

SHELF = record("label", id=UUID)


def adding(derive: Derive, body: Any, path: str = "shelves", sql: str = LIBRARY) -> Bound:
    post = operation(body=body, answer=SHELF, status="201")
    return derive(sql, f"/{path}: {{post: {post}}}").operations[0]


@pytest.mark.parametrize("name", ["shelf", "data"])
def test_the_row_within_the_body(derive: Derive, name: str) -> None:
    bound = adding(derive, record(**{name: record("label")}))
    assert bound.reason == ""
    assert [field.column for field in bound.body] == ["label"]
    assert bound.operation.body is not None
    assert bound.operation.body.within == (name,)
    assert bound.operation.body.whole({"label": "a"}) == {name: {"label": "a"}}


@pytest.mark.parametrize(
    "body",
    [
        record("label"),
        record(shelf=record("label"), force={"type": "boolean"}),
        record(mood=record("label")),
        record(shelf={**record("label"), "type": ["object", "null"]}),
        record(shelf=TEXT),
    ],
)
def test_other_bodies_stay_as_they_are(derive: Derive, body: Any) -> None:
    bound = adding(derive, body)
    assert bound.operation.body is not None
    assert bound.operation.body.within == ()


def test_a_hole_keeps_the_contract_s_body(derive: Derive) -> None:
    bound = adding(derive, record(shelf=record("mood")))
    assert bound.hole
    assert bound.operation.body is not None
    assert bound.operation.body.within == ()


def test_a_form_of_plain_values_is_a_body_like_any_other(derive: Derive) -> None:
    assert [field.column for field in sending(derive, record("label", id=UUID)).body] == ["label", "id"]
    reason = sending(derive, record("label", id={"type": "object", "properties": {"a": TEXT}})).reason
    assert reason == "the body is a form, and `id` is neither text nor a whole number"


def sending(derive: Derive, form: Any) -> Bound:
    content = {"application/x-www-form-urlencoded": {"schema": form}}
    post = operation(requestBody={"required": True, "content": content}, answer=SHELF, status="201")
    return derive(LIBRARY, f"/shelves: {{post: {post}}}").operations[0]


def test_a_body_without_properties_that_may_be_left_out_says_nothing(derive: Derive) -> None:
    for required, hole in ((False, False), (True, True)):
        content = {"application/json": {"schema": {"type": "object", "properties": {}}}}
        get = operation(requestBody={"required": required, "content": content}, answer=rows(SHELF))
        assert derive(LIBRARY, f"/shelves: {{get: {get}}}").operations[0].hole is hole


def test_a_login_whose_answer_tells_the_token_among_the_user_s_properties(derive: Derive) -> None:
    answer = record(user=record("email", "token"))
    post = operation(body=record(user=record("email", "password")), answer=answer)
    bound = derive(NOTES, f"/users/login: {{post: {post}}}").operations[0]
    assert bound.action is Action.LOGIN, bound.reason
    assert bound.tokens == {("user", "token"): TokenPart.ACCESS}
    assert [field.property for field in bound.answer] == ["email"]
