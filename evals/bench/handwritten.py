"""Three of the bookshop's operations written by hand on bare asyncpg: the least that such endpoints can cost in Python.

No validation, no filters, no middleware, no framework: what the generated service is measured beside, not an example.
"""

from __future__ import annotations

import json
import os
from typing import Any

import asyncpg  # type: ignore[import-not-found]  # of the services' toolchain, in which this file runs

_BOOKS = """
    SELECT b.id, b.author_id, b.title, b.isbn, b.format, b.price_cents, b.description, b.published_on,
           b.created_at, b.updated_at
    FROM books AS b
    ORDER BY b.created_at DESC, b.id
    LIMIT 20 OFFSET 0
"""
_AUTHORS = """
    SELECT a.id, a.name, a.biography, a.born_on, a.created_at, a.updated_at
    FROM authors AS a
    ORDER BY a.name, a.id
    LIMIT 20 OFFSET 0
"""
_NEW_AUTHOR = "INSERT INTO authors (name) VALUES ($1) RETURNING id, name, biography, born_on, created_at, updated_at"
_pool: Any = None


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An ASGI application of one answer."""
    if scope["type"] == "lifespan":
        return await _lifespan(receive, send)
    if scope["method"] == "POST":
        status, answer = 201, await _create(receive)
    else:
        books = scope["path"].endswith("/books")
        status, answer = 200, await (_list(_BOOKS, "books") if books else _list(_AUTHORS, "authors"))
    body = json.dumps(answer, default=str).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return None


async def _list(statement: str, table: str) -> dict[str, Any]:
    async with _pool.acquire() as connection:
        rows = await connection.fetch(statement)
        total = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return {"data": [dict(row) for row in rows], "meta": {"page": 1, "limit": 20, "total": total}}


async def _create(receive: Any) -> dict[str, Any]:
    body = json.loads((await receive())["body"])
    async with _pool.acquire() as connection:
        row = await connection.fetchrow(_NEW_AUTHOR, body["name"])
    return {"data": dict(row)}


async def _lifespan(receive: Any, send: Any) -> None:
    global _pool
    await receive()
    _pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=10)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await _pool.close()
    await send({"type": "lifespan.shutdown.complete"})
