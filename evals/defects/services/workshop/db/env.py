"""Alembic, on the service's own engine."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from src.core.config import Config
from src.engine import make_engine
from src.models import Base


def run(connection: Connection) -> None:
    """All migrations in one transaction."""
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    """Connect and go."""
    engine = make_engine(Config.from_environment().database_url, pool_size=1)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata)
    context.run_migrations()
else:
    asyncio.run(main())
