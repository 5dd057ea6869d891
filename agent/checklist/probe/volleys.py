"""One request several times at the same moment: all connections are there before the first byte is sent.

Whoever looks before he takes is seen only when the others look meanwhile. Requests that a client sends one after the
other come apart by what it costs to make each of them, and on a busy machine by much more.
"""

from __future__ import annotations

import asyncio
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from typing import cast

import httpx

from agent.checklist.load import answer_end
from agent.checklist.probe.requests import Request
from agent.checklist.probe.wire import on_the_wire
from agent.checklist.running import Reply, Running

_PATIENCE = 10.0
"""Seconds."""
_SCRIPT = """
local os = rawget(_G, 'os')
if os then
  local ends = os.clock() + 0.04
  while os.clock() < ends do end
else
  for _ = 1, 8000000 do end
end
"""
"""It takes forty milliseconds. Redis 7 shows scripts no clock, so there it counts, for about as long."""
_PIECE = 64 << 10
_LONGEST = 4 << 20

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def at_once(service: Running, request: Request, count: int, redis_url: str | None = None) -> list[Reply]:
    """What each of them was answered, written into the record; status 0: no answer within ten seconds.

    The Redis at `redis_url` answers nobody until all are sent. Raises OSError when nobody listens.
    """
    headers, content = request.encoded()
    sent = [on_the_wire(request, headers, content or b"") for _ in range(count)]
    connections = [await asyncio.open_unix_connection(str(service.socket)) for _ in range(count)]
    try:
        with held(redis_url):
            for (_, writer), data in zip(connections, sent, strict=True):
                writer.write(data)
            replies = await asyncio.gather(*map(_reply, connections))
    finally:
        for _, writer in connections:
            writer.transport.abort()
    for reply in replies:
        if reply.status:
            service.record.note(request.method, request.sent_target, headers, content, reply)
    return replies


@contextmanager
def held(redis_url: str | None) -> Iterator[None]:
    """A script that only takes time runs in Redis from now on; nothing where there is none, or it knows no such."""
    if redis_url is None:
        yield
        return
    import valkey

    with valkey.Valkey.from_url(redis_url) as client:
        connection = client.connection_pool.get_connection("EVAL")
        try:
            connection.send_command("EVAL", _SCRIPT, 0)
            yield
            with suppress(valkey.ResponseError):
                connection.read_response()
        finally:
            client.connection_pool.release(connection)


async def _reply(connection: _Connection) -> Reply:
    started, received = time.perf_counter(), bytearray()
    try:
        async with asyncio.timeout(_PATIENCE):
            while answer_end(received) is None and len(received) <= _LONGEST:
                piece = await connection[0].read(_PIECE)
                if not piece:
                    break
                received += piece
        return _read(bytes(received), time.perf_counter() - started)
    except (OSError, TimeoutError, HTTPException) as error:
        return Reply(0, httpx.Headers(), f"{type(error).__name__}: {error}".encode(), time.perf_counter() - started)


def _read(received: bytes, seconds: float) -> Reply:
    """Raises HTTPException where the bytes are no whole answer."""
    response = HTTPResponse(cast(socket.socket, _Received(received)))
    response.begin()
    return Reply(response.status, httpx.Headers(response.getheaders()), response.read(), seconds)


class _Received:
    """What `HTTPResponse` takes for a socket."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, _: str) -> io.BytesIO:
        """All of it."""
        return io.BytesIO(self._content)
