"""A load generator: many keep-alive connections to one unix socket, one prepared request, answers counted and timed.

It is as light as asyncio allows, because it shares the machine with the service that it measures.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

_CHUNKED = b"transfer-encoding: chunked"
_LENGTH = b"content-length:"
_HEAD_ENDS = b"\r\n\r\n"
_SILENCE = 5.0
"""Seconds without any answer on a connection after which it counts as failed."""


@dataclass(frozen=True, slots=True)
class Window:
    """What happened in one window of load."""

    seconds: float
    latencies: tuple[float, ...]
    """Of each answer with a 2xx status, in seconds, sorted."""
    errors: int
    """Answers with another status, and connections that broke."""

    @property
    def requests(self) -> int:
        """Everything that was asked."""
        return len(self.latencies) + self.errors

    @property
    def per_second(self) -> float:
        """Good answers a second."""
        return len(self.latencies) / self.seconds

    @property
    def p95_ms(self) -> float | None:
        """95 of 100 answers took at most so many milliseconds; None without answers."""
        return percentile(self.latencies, 0.95)


def percentile(sorted_seconds: Sequence[float], share: float) -> float | None:
    """The value below which that share of sorted latencies lies, in milliseconds."""
    if not sorted_seconds:
        return None
    return sorted_seconds[min(len(sorted_seconds) - 1, int(share * len(sorted_seconds)))] * 1000


def histogram(sorted_seconds: Sequence[float], bars: int = 24) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Edges in milliseconds, each by the same factor above the one before, and the number of latencies between them.

    The first latency and the last one are the outer edges. Raises ValueError without latencies.
    """
    if not sorted_seconds:
        raise ValueError("a histogram needs latencies")
    low, high = max(sorted_seconds[0] * 1000, 0.001), max(sorted_seconds[-1] * 1000, 0.001)
    if high <= low:
        return (low, low), (len(sorted_seconds),)
    edges = [low * (high / low) ** (number / bars) for number in range(bars)]
    below = [0, *(bisect_left(sorted_seconds, edge / 1000) for edge in edges[1:]), len(sorted_seconds)]
    counts = tuple(after - before for before, after in pairwise(below))
    return (*(round(edge, 3) for edge in edges), round(high, 3)), counts


async def press(socket: Path, request: bytes, *, connections: int, seconds: float) -> Window:
    """Send the request over and over on so many connections for so long, each waiting for its answer."""
    started = time.perf_counter()
    counts = _Counts(request, ends=started + seconds)
    loop = asyncio.get_running_loop()
    clients: list[_Client] = []
    for _ in range(connections):
        try:
            _, client = await loop.create_unix_connection(lambda: _Client(counts), str(socket))
        except OSError:
            counts.errors += 1
        else:
            clients.append(client)
    pending = [client.done for client in clients]
    if pending:
        await asyncio.wait(pending, timeout=seconds + _SILENCE)
    for client in clients:
        client.give_up()
    return Window(time.perf_counter() - started, tuple(sorted(counts.latencies)), counts.errors)


@dataclass(slots=True)
class _Counts:
    request: bytes
    ends: float
    latencies: list[float] = field(default_factory=list)
    errors: int = 0


class _Client(asyncio.Protocol):
    """One connection: sends, reads one answer, sends again."""

    def __init__(self, counts: _Counts) -> None:
        self._counts = counts
        self._received = bytearray()
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = answer_end(self._received)
        if end is None:
            return
        now = time.perf_counter()
        if self._received[9:10] == b"2":
            self._counts.latencies.append(now - self._sent)
        else:
            self._counts.errors += 1
        del self._received[:end]
        if now < self._counts.ends:
            self._send()
        else:
            self._finish()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self._counts.errors += 1
            self._finish()

    def give_up(self) -> None:
        """Close; an answer that is still awaited counts as an error."""
        if not self.done.done():
            self._counts.errors += 1
            self._finish()

    def _send(self) -> None:
        assert self._transport is not None
        self._sent = time.perf_counter()
        self._transport.write(self._counts.request)

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        if self._transport is not None:
            self._transport.abort()


def answer_end(received: bytearray) -> int | None:
    """Where the first answer ends, None while it is not whole."""
    head_end = received.find(_HEAD_ENDS)
    if head_end < 0:
        return None
    head = bytes(received[:head_end]).lower()
    start = head_end + len(_HEAD_ENDS)
    at = head.find(_LENGTH)
    if at >= 0:
        length = head[at + len(_LENGTH) :].split(b"\r\n", 1)[0].strip()
        end = start + (int(length) if length.isdigit() else 0)
        return end if len(received) >= end else None
    if _CHUNKED in head:
        last = received.find(b"0\r\n\r\n", start)
        return last + 5 if last >= 0 else None
    return start
