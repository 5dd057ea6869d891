"""Passwords and tokens."""

from uuid import UUID

import jwt
import pytest

from src.core.config import Settings
from src.core.exceptions import Unauthenticated
from src.core.security import Caller, TokenIssuer, hash_password, verify_password

CALLER = Caller(id=UUID("00000000-0000-4000-8000-000000000001"))


async def test_the_right_password_matches_its_hash() -> None:
    """A password is stored as an argon2 hash and recognised by it."""
    stored = await hash_password("Correct-horse-1-battery")

    assert stored.startswith("$argon2")
    assert await verify_password("Correct-horse-1-battery", stored)


async def test_another_password_does_not_match() -> None:
    """Only the password itself is recognised."""
    stored = await hash_password("Correct-horse-1-battery")

    assert not await verify_password("Wrong-horse-1-battery", stored)


@pytest.mark.parametrize("stored", [None, "", "no hash at all"])
async def test_no_password_matches_what_is_no_hash(stored: str | None) -> None:
    """Without a hash there is nothing to match."""
    assert not await verify_password("Correct-horse-1-battery", stored)


def test_a_token_tells_whose_it_is(tokens: TokenIssuer) -> None:
    """Both tokens of a session belong to the caller they were issued for."""
    issued = tokens.issue(CALLER)

    assert tokens.caller(issued.access) == CALLER
    assert tokens.caller(issued.refresh, "refresh") == CALLER


def test_a_refresh_token_opens_nothing(tokens: TokenIssuer) -> None:
    """Each kind of token is good for its own purpose only."""
    issued = tokens.issue(CALLER)

    with pytest.raises(Unauthenticated):
        tokens.caller(issued.refresh)
    with pytest.raises(Unauthenticated):
        tokens.caller(issued.access, "refresh")


def test_an_expired_token_counts_for_nothing(tokens: TokenIssuer, settings: Settings) -> None:
    """A token is good for a limited time."""
    claims = jwt.decode(tokens.issue(CALLER).access, options={"verify_signature": False})
    secret = settings.jwt_secret.get_secret_value()
    expired = jwt.encode({**claims, "exp": 1}, secret, "HS256")

    with pytest.raises(Unauthenticated):
        tokens.caller(expired)


def test_a_token_of_another_key_counts_for_nothing(tokens: TokenIssuer) -> None:
    """Only what was signed with the service's own key is believed."""
    claims = jwt.decode(tokens.issue(CALLER).access, options={"verify_signature": False})
    forged = jwt.encode(claims, "another key that is long enough too", "HS256")

    with pytest.raises(Unauthenticated):
        tokens.caller(forged)


def test_an_unsigned_token_counts_for_nothing(tokens: TokenIssuer) -> None:
    """The algorithm `none` is not accepted."""
    claims = jwt.decode(tokens.issue(CALLER).access, options={"verify_signature": False})
    unsigned = jwt.encode(claims, None, "none")

    with pytest.raises(Unauthenticated):
        tokens.caller(unsigned)


@pytest.mark.parametrize("claim", ["sub", "exp"])
def test_a_token_without_a_claim_counts_for_nothing(
    tokens: TokenIssuer, settings: Settings, claim: str
) -> None:
    """A token must say whose it is and how long it lasts."""
    claims = jwt.decode(tokens.issue(CALLER).access, options={"verify_signature": False})
    del claims[claim]
    incomplete = jwt.encode(claims, settings.jwt_secret.get_secret_value(), "HS256")

    with pytest.raises(Unauthenticated):
        tokens.caller(incomplete)


@pytest.mark.parametrize("token", ["", "made.up.token", "é"])
def test_what_is_no_token_counts_for_nothing(tokens: TokenIssuer, token: str) -> None:
    """Any text may be sent as a token."""
    with pytest.raises(Unauthenticated):
        tokens.caller(token)
