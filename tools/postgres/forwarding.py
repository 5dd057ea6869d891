"""A unix socket that forwards to a server elsewhere, and that can be cut off and brought back.

A process without network reaches a server over TCP by it, and readiness probes take a database away with it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from tools.postgres.wire import Recorder
from tools.scratch import scratch_folder

SOCKET = ".s.PGSQL.5432"
"""What clients look for in a socket folder."""


class Sink(Protocol):
    """What bytes are written to: an `asyncio.StreamWriter`, or one that looks at them first."""

    @property
    def transport(self) -> asyncio.WriteTransport:
        """The connection's."""
        ...

    def write(self, data: bytes) -> None:
        """Send; raises OSError when that is not possible."""
        ...

    async def drain(self) -> None:
        """Wait until there is room for more."""
        ...

    def write_eof(self) -> None:
        """Nothing more comes."""
        ...


Streams = tuple[asyncio.StreamReader, Sink]
Connect = Callable[[], Awaitable[Streams]]
"""Opens a connection to the server; raises OSError when there is none to be had."""

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Address:
    """Where a PostgreSQL server listens."""

    host: str
    """A host name, an IP address, or the folder of a unix socket."""
    port: int

    @property
    def is_unix(self) -> bool:
        """True for a unix socket."""
        return self.host.startswith("/")


class Reachable(Protocol):
    """Anything that knows where its server listens."""

    @property
    def address(self) -> Address:
        """Where the server itself listens."""
        ...


@dataclass(slots=True)
class Forwarding:
    """A socket folder whose socket forwards bytes to a server."""

    folder: Path
    """Give this to a sandbox in place of the server's own folder."""
    _name: str
    """The socket's."""
    _connect: Connect = field(repr=False)
    _loop: asyncio.AbstractEventLoop = field(repr=False)
    _listener: asyncio.Server | None = field(default=None, repr=False)
    _links: set[asyncio.Task[None]] = field(default_factory=set, repr=False)
    recorder: Recorder | None = None
    """Writes down what went through, where somebody asked for it."""

    def cut(self) -> None:
        """End every connection and refuse new ones, until `restore`."""
        self._wait_for(self._close())

    def restore(self) -> None:
        """Accept connections again."""
        self._wait_for(self._open())

    @property
    def connections(self) -> int:
        """How many connections are open through it."""
        return len(self._links)

    def _wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self) -> None:
        if self._listener is None:
            socket = self.folder / self._name
            socket.unlink(missing_ok=True)
            self._listener = await asyncio.start_unix_server(self._accept, socket)
            socket.chmod(0o777)

    async def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            (self.folder / self._name).unlink(missing_ok=True)
        links = tuple(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        try:
            await self._join(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # the client sees its connection end, as with a server that is gone
        finally:
            self._links.discard(link)
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await self._connect()
        wire = self.recorder.connection() if self.recorder else None
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, far_writer, wire.sent if wire else None))
                both.create_task(_pump(far_reader, writer, wire.received if wire else None, self.recorder))
        except* OSError:
            pass
        finally:
            far_writer.transport.abort()


async def _connect(target: Address) -> Streams:
    if target.is_unix:
        return await asyncio.open_unix_connection(Path(target.host) / f".s.PGSQL.{target.port}")
    return await asyncio.open_connection(target.host, target.port)


async def _pump(
    source: asyncio.StreamReader,
    sink: Sink,
    look: Callable[[bytes], None] | None,
    pace: Recorder | None = None,
) -> None:
    while data := await source.read(_CHUNK):
        if look is not None:
            look(data)
        if pace is not None and pace.delay:
            await asyncio.sleep(pace.delay)
        sink.write(data)
        await sink.drain()
    with suppress(OSError):
        sink.write_eof()


@contextmanager
def forwarding(
    target: Address | Connect, recorder: Recorder | None = None, *, name: str = SOCKET
) -> Iterator[Forwarding]:
    """Forward for as long as the context is open, from a thread of its own: to `target`, or to what it connects to."""
    connect = partial(_connect, target) if isinstance(target, Address) else target
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="forwarding", daemon=True)
    thread.start()
    with scratch_folder("socket") as folder:
        folder.chmod(0o755)
        forward = Forwarding(folder, name, connect, loop, recorder=recorder)
        try:
            forward.restore()
            yield forward
        finally:
            forward.cut()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


@contextmanager
def forwarded(server: Reachable, recorder: Recorder | None = None) -> Iterator[Forwarding]:
    """A second way to the server, which can be cut off without disturbing the first, and recorded."""
    with forwarding(server.address, recorder) as forward:
        yield forward
