"""Users in the database."""

import asyncpg

from src.core.database import Pool
from src.core.exceptions import Conflict
from src.models import UserRow

_COLUMNS = "id, email, password_hash, created_at"


class UserRepository:
    """Reads and writes users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, email: str, password_hash: str) -> UserRow:
        """Store a user."""
        try:
            row = await self._pool.fetchrow(
                f"INSERT INTO users (email, password_hash) VALUES ($1, $2) RETURNING {_COLUMNS}",
                email,
                password_hash,
            )
        except asyncpg.UniqueViolationError as error:
            raise Conflict("the address is taken") from error
        assert row is not None
        return UserRow(**row)

    async def by_email(self, email: str) -> UserRow | None:
        """The user with this address."""
        row = await self._pool.fetchrow(f"SELECT {_COLUMNS} FROM users WHERE email = $1", email)
        return UserRow(**row) if row else None
