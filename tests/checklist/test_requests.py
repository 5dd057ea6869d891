"""Requests as bytes and as lines to paste; values that mean the same; answers beside their declaration."""

from __future__ import annotations

import datetime
import json
import uuid
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.binding.model import Action, Bound, PathColumn
from agent.catalog.model import Column, Table
from agent.checklist.probe.effects import as_it_is_now
from agent.checklist.probe.judging import body_problem, declared_answer, matches, media_problem, successes
from agent.checklist.probe.requests import Request, choose_media_type, encode
from agent.checklist.probe.store import Row
from agent.checklist.probe.values import same, to_json
from agent.checklist.running import Reply
from agent.contract.model import Contract


def reply(status: int, body: bytes = b"{}", media: str = "application/json") -> Reply:
    return Reply(status, httpx.Headers({"content-type": media}), body, 0.0)


def test_a_reproducer_shows_no_secret(contract: Contract) -> None:
    request = Request(
        contract.operation("POST /auth/login"),
        contract.base_path,
        body={"email": "ann@example.com", "password": "hunter22222"},
        media_type="application/json",
        credentials={"Authorization": "Bearer abc.def"},
        secrets=frozenset({"hunter22222", "abc.def"}),
    )
    line = request.curl()
    assert "hunter22222" not in line
    assert "abc.def" not in line
    assert line.startswith('curl -i --unix-socket "$SOCKET" -X POST')
    assert line.endswith("http://localhost:8000/api/auth/login")


def test_a_key_in_the_query_is_sent_and_not_shown(contract: Contract) -> None:
    request = Request(
        contract.operation("GET /notes"),
        "",
        query={"page": 2},
        credentials={"?api_key": "k-123"},
        secrets=frozenset({"k-123"}),
    )
    assert request.sent_target == "/notes?page=2&api_key=k-123"
    assert request.target == "/notes?page=2&api_key=$SECRET"
    assert request.encoded() == ({}, None)
    assert "k-123" not in request.curl()
    assert request.without_credentials().sent_target == "/notes?page=2"


@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_path_value_stays_one_segment(contract: Contract, value: str) -> None:
    request = Request(contract.operation("GET /notes/{note_id}"), "", path_values={"note_id": value})
    segments = request.target.split("/")
    assert len(segments) == 3
    assert unquote(segments[2]) == value


def test_a_query_is_encoded(contract: Contract) -> None:
    request = Request(contract.operation("GET /notes"), "", query={"page": 2, "tag": ["a b", "c&d"], "no": None})
    assert parse_qs(urlsplit(request.target).query) == {"page": ["2"], "tag": ["a b", "c&d"]}


def test_bodies_are_encoded_by_their_media_type() -> None:
    assert encode({"a": 1}, "application/json") == ("application/json", b'{"a": 1}')
    assert encode({"a": "x y"}, "application/x-www-form-urlencoded")[1] == b"a=x+y"
    kind, content = encode({"a": "text", "file": b"bytes"}, "multipart/form-data")
    assert kind.startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="file.bin"' in content


def test_json_is_sent_where_it_is_allowed() -> None:
    assert choose_media_type(["application/xml", "application/json"]) == "application/json"
    assert choose_media_type(["multipart/form-data"]) == "multipart/form-data"
    assert choose_media_type(["*/*"]) == "application/json"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (566, 566.0),
        ("12.50", 12.5),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T04:04:05+01:00", "2026-01-02T03:04:05.000000Z"),
        ("Ann@Example.com", "ann@example.com"),
        ({"a": 1, "b": None}, {"a": 1.0}),
        (["1", 2], [1, "2"]),
    ],
)
def test_the_same_thing_may_be_written_in_several_ways(one: Any, other: Any) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [(True, 1), (None, ""), (None, 0), ("a", "A"), ([1], [1, 2]), ({"a": 1}, {"a": 2}), ("1a", "1")]
)
def test_other_things_are_not_the_same(one: Any, other: Any) -> None:
    assert not same(one, other)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_any_two_values_can_be_compared(one: Any, other: Any) -> None:
    assert same(one, one)
    assert same(one, other) == same(other, one)


def test_columns_have_a_json_form() -> None:
    key = uuid.uuid4()
    moment = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
    made = to_json([key, moment, Decimal("1.50"), Decimal("2"), b"ab", {"a": key}])
    assert made == [str(key), "2026-01-02T00:00:00+00:00", 1.5, 2, "YWI=", {"a": str(key)}]
    assert json.dumps(made)


def test_a_declared_success_is_expected(contract: Contract) -> None:
    operation = contract.operation("POST /notes")
    assert successes(operation) == ("201",)
    assert matches(201, successes(operation))
    assert not matches(200, successes(operation))
    assert declared_answer(operation, 500) is None


def test_an_answer_has_the_declared_media_type_and_a_body(contract: Contract) -> None:
    answer = declared_answer(contract.operation("GET /notes"), 200)
    assert answer is not None
    assert not media_problem(answer, reply(200))
    assert "expected application/json" in media_problem(answer, reply(200, b"<p>", "text/html"))
    assert "expected a JSON body" in body_problem(answer, reply(200, b""))
    gone = declared_answer(contract.operation("DELETE /notes/{note_id}"), 204)
    assert gone is not None
    assert "has no body" in body_problem(gone, reply(204, b"{}"))


def test_a_row_that_was_renamed_is_asked_for_by_its_new_name(contract: Contract) -> None:
    notes = Table("notes", (Column("id", "uuid", "uuid", nullable=False, default=None),), ("id",))
    operation = contract.operation("PATCH /notes/{note_id}")
    bound = Bound(operation, Action.PATCH, table="notes", path=(PathColumn("note_id", "notes", "id"),))
    request = Request(operation, "", path_values={"note_id": "ann"}, body={"title": "t"})
    assert as_it_is_now(request, bound, Row(notes, {"id": "bea"})).target == "/notes/bea"
