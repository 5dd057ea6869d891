"""Digests of passwords, and tokens."""

import datetime as dt
import uuid

import jwt
from anyio.to_thread import run_sync
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error

from src.core.exceptions import Anonymous

MINUTES = 30


class Credentials:
    """Makes and checks them with one key."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.hasher = PasswordHasher()

    async def digest(self, password: str) -> str:
        """What to store, made in a thread."""
        return await run_sync(self.hasher.hash, password)

    async def matches(self, digest: str, password: str) -> bool:
        """Compared in a thread."""
        try:
            return await run_sync(self.hasher.verify, digest, password)
        except Argon2Error:
            return False

    def token(self, member: uuid.UUID) -> str:
        """For half an hour."""
        now = dt.datetime.now(dt.UTC)
        claims = {"sub": str(member), "iat": now, "exp": now + dt.timedelta(minutes=MINUTES)}
        return jwt.encode(claims, self.key, algorithm="HS384")

    def member(self, token: str) -> uuid.UUID:
        """Who it was made for."""
        try:
            claims = jwt.decode(
                token, self.key, algorithms=["HS384"], options={"require": ["exp", "sub"]}
            )
            return uuid.UUID(claims["sub"])
        except (jwt.InvalidTokenError, ValueError):
            raise Anonymous("the token is not, or no longer, valid") from None
