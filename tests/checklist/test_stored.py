"""A kept answer is the same by what it says, however it is written."""

from __future__ import annotations

import httpx
import pytest

from agent.checklist.running import Reply
from agent.checklist.stored import same_answer


def reply(status: int, body: bytes) -> Reply:
    return Reply(status, httpx.Headers({"content-type": "application/json"}), body, 0.0)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (reply(201, b'{"id": 1, "name": "a"}'), True),
        (reply(201, b'{"name":"a","id":1}'), True),
        (reply(201, b'{"name":"a","id":2}'), False),
        (reply(200, b'{"id": 1, "name": "a"}'), False),
        (reply(201, b"no json"), False),
    ],
)
def test_answers_are_compared_by_what_they_say(other: Reply, same: bool) -> None:
    assert same_answer(other, reply(201, b'{"id": 1, "name": "a"}')) is same


def test_answers_without_a_body_are_the_same_where_their_status_is() -> None:
    assert same_answer(reply(204, b""), reply(204, b""))
    assert not same_answer(reply(204, b""), reply(200, b""))
