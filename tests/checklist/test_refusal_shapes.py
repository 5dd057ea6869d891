"""The bodies of all errors, by the operation that was asked and the shape that the contract gives."""

from __future__ import annotations

import httpx
import pytest

from agent.checklist.probe.refusal_shapes import body_problems
from agent.checklist.record import Reply, Seen
from agent.contract.model import Contract

SHAPED = b'{"error": {"message": "no", "code": "no"}}'


def seen(method: str, target: str, status: int, body: bytes, kind: str = "application/json") -> Seen:
    return Seen(method, target, {}, None, Reply(status, httpx.Headers({"content-type": kind}), body, 0.0))


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (
            seen("GET", "/api/notes?page=1", 500, b"Internal Server Error", "text/plain"),
            "expected JSON, got text/plain",
        ),
        (seen("GET", "/api/notes", 429, b'{"error": "Rate limit exceeded"}'), "not as the contract shapes errors"),
        (seen("PUT", "/api/notes/7", 405, b'{"detail": "Method Not Allowed"}'), "not as the contract shapes errors"),
        (seen("GET", "/nowhere", 404, b'{"detail": "Not Found"}'), "not as the contract shapes errors"),
        (seen("POST", "/api/notes", 503, b"", ""), "expected JSON, got no body"),
    ],
)
def test_an_error_of_another_shape_is_told(one: Seen, told: str, contract: Contract) -> None:
    ((problem, where),) = body_problems(contract, [one, one])
    assert problem.startswith(one.told)
    assert told in problem
    assert where is one


@pytest.mark.parametrize(
    "one",
    [
        seen("GET", "/api/notes", 500, SHAPED),
        seen("GET", "/api/notes", 200, b"[]"),
        seen("HEAD", "/api/notes", 405, b"", ""),
        seen("OPTIONS", "/api/notes", 400, b"Disallowed CORS origin", "text/plain"),
        seen("GET", "/health/ready", 503, b'{"status": "unavailable"}'),
        seen("GET", "/api/notes", 400, b"Invalid HTTP request received.", "text/plain"),
    ],
)
def test_others_are_not(one: Seen, contract: Contract) -> None:
    assert list(body_problems(contract, [one])) == []


def test_one_problem_is_told_for_each_operation_and_status(contract: Contract) -> None:
    found = [seen("GET", f"/api/notes/{number}", 500, b'{"detail": "%d"}' % number) for number in range(9)]
    other = seen("GET", "/api/notes", 500, b'{"detail": "x"}')
    assert [where for _, where in body_problems(contract, [*found, other])] == [found[0], other]
