"""The pool of connections."""

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from src.core.telemetry import note_query

type Pool = asyncpg.Pool[asyncpg.Record]


async def open_pool(url: str, size: int) -> Pool:
    """Connections to the database; gives up after a few seconds."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        timeout=3,
        command_timeout=3,
        setup=_listen,
        reset=_leave,
    )


async def _listen(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
    connection.add_query_logger(note_query)


async def _leave(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """No statement changes its session, so nothing has to be undone, which costs a round trip."""
