"""Requests of httpx over a unix socket, through the event loop's own calls for sockets.

By itself httpx goes through anyio, whose wait for a unix socket gives a result also to what was cancelled a moment ago:
where a run is stopped just when an answer comes, the event loop prints a traceback, though nothing is lost.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpcore
import httpx

_BETWEEN = 0.005
"""Seconds between two attempts to connect while too many others wait to be accepted."""


class SocketTransport(httpx.AsyncHTTPTransport):
    """Sends every request to the service behind a unix socket, each over a connection of its own."""

    def __init__(self, path: Path) -> None:
        # Without `verify=False` all certificates of the machine would be read, though the socket speaks plainly.
        super().__init__(verify=False)
        # A connection for each request: one that the service is about to close would look like a failure.
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=None, max_keepalive_connections=0, uds=str(path), network_backend=_Sockets()
        )


class _Sockets(httpcore.AsyncNetworkBackend):
    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - the interface's
    ) -> httpcore.AsyncNetworkStream:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.setblocking(False)
        try:
            async with _told_as(httpcore.ConnectTimeout, httpcore.ConnectError, timeout):
                while not _connected(made, path):
                    await asyncio.sleep(_BETWEEN)
        except BaseException:
            made.close()
            raise
        return _Stream(made)


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        async with _told_as(httpcore.ReadTimeout, httpcore.ReadError, timeout):
            return await asyncio.get_running_loop().sock_recv(self._socket, max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        async with _told_as(httpcore.WriteTimeout, httpcore.WriteError, timeout):
            await asyncio.get_running_loop().sock_sendall(self._socket, buffer)

    async def aclose(self) -> None:
        if self._socket.fileno() < 0:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._socket)  # its number may be another's as soon as it is closed
        loop.remove_writer(self._socket)
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        return self._socket if info == "socket" else None


def _connected(made: socket.socket, path: str) -> bool:
    """False while the service has too many others to accept. Raises OSError where nobody listens."""
    try:
        made.connect(path)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def _told_as(late: type[Exception], failed: type[Exception], seconds: float | None) -> AsyncIterator[None]:
    """What takes too long, and what the system refuses, in the words that httpx knows."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:
        raise failed(str(error)) from error
