"""Whether the database answers."""

from asyncpg import InterfaceError, PostgresError

from src.core.database import Pool


class HealthRepository:
    """Asks the database for nothing."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def answers(self) -> bool:
        """True when it answers."""
        try:
            await self._pool.fetchval("SELECT 1")
        except (OSError, TimeoutError, PostgresError, InterfaceError):
            return False
        return True
