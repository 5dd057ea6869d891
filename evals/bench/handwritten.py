"""The bookshop's list of books written by hand on bare asyncpg: the least that such an endpoint can cost in Python.

No validation, no filters, no middleware, no framework: what the generated service is measured beside, not an example.
"""

from __future__ import annotations

import json
import os
from typing import Any

import asyncpg  # type: ignore[import-not-found]  # of the services' toolchain, in which this file runs

_SELECT = """
    SELECT b.id, b.author_id, b.title, b.isbn, b.format, b.price_cents, b.description, b.published_on,
           b.created_at, b.updated_at
    FROM books AS b
    ORDER BY b.created_at DESC, b.id
    LIMIT 20 OFFSET 0
"""
_COUNT = "SELECT count(*) FROM books"
_pool: Any = None


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An ASGI application of one answer."""
    if scope["type"] == "lifespan":
        return await _lifespan(receive, send)
    async with _pool.acquire() as connection:
        rows = await connection.fetch(_SELECT)
        total = await connection.fetchval(_COUNT)
    data = [dict(row) for row in rows]
    body = json.dumps({"data": data, "meta": {"page": 1, "limit": 20, "total": total}}, default=str).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return None


async def _lifespan(receive: Any, send: Any) -> None:
    global _pool
    await receive()
    _pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=10)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await _pool.close()
    await send({"type": "lifespan.shutdown.complete"})
