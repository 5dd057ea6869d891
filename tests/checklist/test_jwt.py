"""Tokens are read without trust, and made wrong in every way that a service has to refuse."""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checklist.security.jwt import Token, forgeries, read_token, signed, signing_key

KEY = b"a key of the service alone, long enough"
CLAIMS = st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.integers() | st.none(), max_size=4)


def token(claims: Mapping[str, Any], algorithm: str = "HS256") -> Token:
    found = read_token(signed({"alg": algorithm, "typ": "JWT"}, claims, KEY))
    assert found is not None
    return found


@given(CLAIMS)
def test_what_was_signed_is_read_and_its_key_found(claims: dict[str, Any]) -> None:
    made = token(claims)
    assert made.claims == claims
    assert signing_key(made, ["another", KEY.decode()]) == KEY
    assert signing_key(made, ["another"]) is None


def test_a_key_may_stand_encoded_among_the_settings() -> None:
    assert signing_key(token({}), [base64.b64encode(KEY).decode()]) == KEY


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True))
def test_any_text_may_come_as_a_token(text: str) -> None:
    found = read_token(text)
    assert found is None or found.text == text


@pytest.mark.parametrize("algorithm", ["HS256", "HS512", "RS256"])
def test_every_forgery_is_bad(algorithm: str) -> None:
    good = token({"sub": "ann", "exp": int(time.time()) + 900}, algorithm)
    made = dict(forgeries(good, "bob", KEY, random.Random(1)))
    assert len(made) >= 7
    for how, text in made.items():
        forged = read_token(text)
        assert forged is not None, how
        expired = (forged.number("exp") or 0) < time.time()
        unsigned_by_us = signed(forged.header, forged.claims, KEY, text) != text
        assert expired or unsigned_by_us or forged.algorithm.lower() == "none", how
    assert good.text not in made.values()


def test_somebody_else_is_named_where_claims_are_altered() -> None:
    made = dict(forgeries(token({"sub": "ann"}), "bob", None, random.Random(1)))
    altered = read_token(made["claims altered, signature kept"])
    assert altered is not None
    assert altered.claims["sub"] == "bob"
    assert not any(name.startswith("expired") for name in made)


def test_a_number_is_no_truth() -> None:
    assert token({"exp": True}).number("exp") is None
    assert token({"exp": 1.5}).number("exp") == 1.5


def test_what_is_no_object_is_no_token() -> None:
    part = base64.urlsafe_b64encode(json.dumps([1]).encode()).rstrip(b"=").decode()
    assert read_token(f"{part}.{part}.x") is None
