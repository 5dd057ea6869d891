"""The pool of connections."""

import asyncpg

type Pool = asyncpg.Pool[asyncpg.Record]


async def open_pool(url: str, size: int) -> Pool:
    """Connections to the database; gives up after a few seconds."""
    return await asyncpg.create_pool(url, min_size=1, max_size=size, timeout=3, command_timeout=3)
