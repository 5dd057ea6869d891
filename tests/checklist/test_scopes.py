"""A token that lacks a scope differs from a good one in nothing else, and its answer is read without favour."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from agent.checklist.security.jwt import Token, read_token, signed, signing_key
from agent.checklist.security.scopes import judged, lacking, named_in, naming_all

KEY = b"a key of the service alone, long enough"
BOTH = [("read", "write")]
EITHER = [("read",), ("admin",)]


def token(**claims: Any) -> Token:
    found = read_token(signed({"alg": "HS256", "typ": "JWT"}, {"sub": "ann", "exp": 9_999_999_999, **claims}, KEY))
    assert found is not None
    return found


def made(good: Token, demands: Sequence[Sequence[str]], known: Sequence[str] = ()) -> dict[str, Token]:
    named = named_in(good, demands)
    assert named is not None
    found = lacking(good, named, demands, known, KEY, random.Random(1))
    return {how: read for how, text in found if (read := read_token(text)) is not None}


@pytest.mark.parametrize("value", ["read write", ["read", "write"]])
@pytest.mark.parametrize("claim", ["scope", "scp", "roles"])
def test_the_claim_that_names_them_is_found(claim: str, value: Any) -> None:
    named = named_in(token(other=["x"], **{claim: value}), BOTH)
    assert named is not None
    assert (named.claim, named.names, named.listed) == (claim, ("read", "write"), isinstance(value, list))


@pytest.mark.parametrize("claims", [{}, {"scope": "read"}, {"scope": "readwrite"}, {"scope": ["read", 1, "write"]}])
def test_a_token_that_does_not_name_them_all_tells_nothing(claims: dict[str, Any]) -> None:
    assert named_in(token(**claims), BOTH) is None


@pytest.mark.parametrize("value", ["openid read write", ["openid", "read", "write"]])
def test_what_is_made_lacks_a_scope_and_nothing_else(value: Any) -> None:
    good = token(scope=value)
    found = made(good, BOTH, known=("read", "write"))
    assert found.keys() == {"no read", "no write", "no read and no write", "no `scope`"}
    for how, one in found.items():
        assert signing_key(one, [KEY.decode()]) == KEY, how
        assert {**one.claims, "scope": value} == good.claims
        assert named_in(one, BOTH) is None, how
    left = found["no read"].claims["scope"]
    assert isinstance(left, type(value))
    assert {"openid", "write"} < set(left.split() if isinstance(left, str) else left)


def test_scopes_of_other_operations_are_left_out_too() -> None:
    assert "delete" not in made(token(scope="read write delete"), BOTH, ("read", "write", "delete"))["no read"].claims


def test_where_either_is_enough_both_are_missing() -> None:
    found = made(token(scope="admin"), EITHER, ("read", "admin"))
    assert found.keys() == {"no read and no admin", "no `scope`"}


def test_a_longer_name_stands_in_place_of_what_is_missing() -> None:
    said = str(made(token(scope="read"), [("read",)], ("read",))["no read"].claims["scope"])
    assert said.startswith("read")
    assert said != "read"


def test_another_good_token_names_one_thing_more() -> None:
    good = token(scope="read write")
    named = named_in(good, BOTH)
    assert named is not None
    other = read_token(naming_all(good, named, KEY, random.Random(1)))
    assert other is not None
    assert other.text != good.text
    assert str(other.claims["scope"]).startswith("read write ")


BAD = [("no read", 403), ("no `scope`", 401)]


def test_refusals_are_met_where_the_good_one_is_let_in() -> None:
    shown = judged(BAD, [200])
    assert (shown.problems, shown.unknown, shown.tried) == ([], "", ("no read", "no `scope`"))


@pytest.mark.parametrize("status", [200, 204, 404, 500, 0])
def test_whatever_is_no_refusal_is_let_in(status: int) -> None:
    shown = judged([*BAD, ("no write", status)], [200])
    assert shown.problems == [f"a token with no write → {status or 'no answer'}, expected 403"]


@pytest.mark.parametrize("good", [[401], [403], [200, 401], []])
def test_nothing_is_shown_where_the_good_one_is_refused_too(good: list[int]) -> None:
    shown = judged([("no read", 200)], good)
    assert shown.problems == []
    assert shown.unknown.startswith("not applicable: a token that names all scopes is refused")


def test_nothing_is_shown_where_both_are_refused_for_another_reason() -> None:
    shown = judged([("no read", 422)], [422])
    assert shown.problems == []
    assert "so nothing was shown" in shown.unknown


@pytest.mark.parametrize("status", [0, 503])
def test_a_good_one_that_breaks_shows_nothing(status: int) -> None:
    assert judged(BAD, [status]).problems == [
        f"a token that names all scopes → {status or 'no answer'}: nothing was shown"
    ]
