"""Passwords and tokens."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from src.core.exceptions import Unauthenticated

_LIFETIME = timedelta(minutes=15)
_HASHER = PasswordHasher()


async def hash_password(password: str) -> str:
    """The hash to store."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def verify_password(password: str, stored: str) -> bool:
    """True when the password is the one that was hashed."""
    try:
        return await asyncio.to_thread(_HASHER.verify, stored, password)
    except VerificationError:
        return False


def issue_token(user: UUID, secret: str) -> str:
    """An access token for this user."""
    return jwt.encode({"sub": str(user), "exp": datetime.now(UTC) + _LIFETIME}, secret, "HS256")


def read_token(token: str, secret: str) -> UUID:
    """Whose token it is."""
    try:
        return UUID(jwt.decode(token, secret, ["HS256"])["sub"])
    except (jwt.PyJWTError, ValueError) as error:
        raise Unauthenticated("the token is not valid") from error
