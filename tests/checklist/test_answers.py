"""Headers of answers: what counts as kept, what as missing or worthless, and how it is told."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checklist.record import Reply, Seen
from agent.checklist.security.answers import header_problems, max_age, reproducer, transport_problems

GOOD = {
    "content-security-policy": "default-src 'none'",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}


def seen(headers: dict[str, str], status: int = 200, **sent: str) -> Seen:
    return Seen("GET", "/books", sent, None, Reply(status, httpx.Headers(headers), b"", 0.0))


def test_good_answers_have_no_problem() -> None:
    assert header_problems([seen(GOOD), seen(GOOD, 500)]) == ([], None)
    assert transport_problems([seen(GOOD)]) == ([], None)


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_header_is_told_once_for_all_answers(name: str) -> None:
    bad = {key: value for key, value in GOOD.items() if key != name}
    problems, first = header_problems([seen(GOOD), seen(bad, 404), seen(bad, 404), seen(bad, 500)])
    assert len(problems) == 1
    assert "missing in 3 of 4 answers (2 × 404, 1 × 500)" in problems[0]
    assert first is not None
    assert first.reply.status == 404


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("content-security-policy", "frame-ancestors 'none'", True),
        ("content-security-policy", "default-src 'self'; script-src 'self' https://cdn.example.com", True),
        ("content-security-policy", "default-src *", False),
        ("content-security-policy", "default-src 'self'; script-src 'unsafe-inline'", False),
        ("content-security-policy", "upgrade-insecure-requests", False),
        ("content-security-policy", "", False),
        ("strict-transport-security", "includeSubDomains; max-age=63072000", True),
        ("strict-transport-security", "max-age=0", False),
        ("strict-transport-security", "max-age", False),
        ("x-content-type-options", "nosniff, nosniff", True),
        ("x-content-type-options", "sniff", False),
        ("x-frame-options", "sameorigin", True),
        ("x-frame-options", "DENY, SAMEORIGIN", False),
        ("x-frame-options", "ALLOW-FROM https://example.com", False),
        ("referrer-policy", "no-referrer, strict-origin-when-cross-origin", True),
        ("referrer-policy", "unsafe-url", False),
        ("referrer-policy", "please", False),
    ],
)
def test_a_value_counts_when_browsers_act_on_it(name: str, value: str, good: bool) -> None:
    problems, _ = header_problems([seen({**GOOD, name: value})])
    assert bool(problems) is not good


def test_a_way_back_to_plain_http_is_seen() -> None:
    away = {**GOOD, "location": "http://service/books"}
    assert transport_problems([seen(away, 307)]) == ([], None)
    behind_proxy = Seen(
        "GET", "/books", {"X-Forwarded-Proto": "https"}, None, Reply(307, httpx.Headers(away), b"", 0.0)
    )
    problems, first = transport_problems([behind_proxy])
    assert "sent on to http://service/books" in problems[0]
    assert "X-Forwarded-Proto: https" in reproducer(first)


def test_every_cookie_needs_to_be_secure() -> None:
    problems, _ = transport_problems([seen({**GOOD, "set-cookie": "session=1; Path=/; HttpOnly"})])
    assert "the cookie session is not Secure" in problems[0]
    assert not transport_problems([seen({**GOOD, "set-cookie": "session=1; secure"})])[0]


def test_a_reproducer_shows_no_credentials() -> None:
    assert "token" not in reproducer(seen({}, Authorization="Bearer token", Cookie="session=token"))


@given(st.text())
def test_any_value_can_be_read(value: str) -> None:
    assert max_age(value) >= 0
    assert isinstance(header_problems([seen(dict.fromkeys(GOOD, value.encode("ascii", "ignore").decode()))])[0], list)
