"""The test database as tests see it: one connection beside those of the service."""

import asyncpg

type Database = asyncpg.Connection[asyncpg.Record]
type Record = asyncpg.Record


async def insert(database: Database, statement: str, *values: object) -> Record:
    """Run an INSERT with RETURNING; gives the row it stored."""
    row = await database.fetchrow(statement, *values)
    assert row is not None
    return row
