"""Many requests in a short time, as from chosen addresses, until the service refuses one."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx

from agent.checklist.load import answer_end
from agent.checklist.probe.requests import Request
from agent.checklist.probe.wire import on_the_wire
from agent.checklist.record import Reply
from agent.checklist.running import Running

TOO_MANY = 429
_CONNECTIONS = 8
_SILENCE = 10.0
"""Seconds without an answer after which a connection is given up."""
_HEAD_ENDS = b"\r\n\r\n"


@dataclass(slots=True)
class Burst:
    """What came of a burst."""

    request: Request
    admitted: int = 0
    """Answers that were no 429, whatever else they were."""
    refused: Reply | None = None
    """The first 429; None when there was none."""
    seconds: float = 0.0
    left: int = field(default=0, repr=False)
    """How many more may be sent."""

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return (self.admitted + (self.refused is not None)) / max(self.seconds, 0.001)


def addresses(chance: random.Random) -> Iterator[str]:
    """IPv4 addresses of the public internet, no two in a row alike."""
    while True:
        yield f"{chance.randrange(11, 100)}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"


def from_one(address: str) -> Iterator[str]:
    """The same address again and again."""
    while True:
        yield address


async def burst(service: Running, request: Request, origins: Iterator[str], *, most: int, seconds: float) -> Burst:
    """Send it again and again, each time from the next address, until the first 429 or an end of number or time.

    The address travels in `X-Forwarded-For`, which the server of the service is told to believe.
    """
    found, started = Burst(request, left=most), time.perf_counter()
    workers = (_work(service, found, origins, started + seconds) for _ in range(min(_CONNECTIONS, most)))
    await asyncio.gather(*workers)
    found.seconds = time.perf_counter() - started
    return found


async def _work(service: Running, found: Burst, origins: Iterator[str], ends: float) -> None:
    headers, content = found.request.encoded()
    while found.refused is None and found.left > 0 and time.perf_counter() < ends:
        try:
            reader, writer = await asyncio.open_unix_connection(str(service.socket))
        except OSError:
            return
        try:
            while found.refused is None and found.left > 0 and time.perf_counter() < ends:
                found.left -= 1
                sent = {**headers, "X-Forwarded-For": next(origins)}
                writer.write(on_the_wire(found.request, sent, content or b""))
                reply = await asyncio.wait_for(_read(reader), _SILENCE)
                if reply.status != TOO_MANY:
                    found.admitted += 1
                elif found.refused is None:
                    found.refused = reply
                    service.record.note(found.request.method, found.request.sent_target, sent, content, reply)
        except (OSError, asyncio.IncompleteReadError):
            found.left -= 1  # the service closed the connection; a new one is made
        finally:
            writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> Reply:
    received = bytearray()
    while (end := answer_end(received)) is None:
        piece = await reader.read(65536)
        if not piece:
            raise asyncio.IncompleteReadError(bytes(received), None)
        received += piece
    head, _, body = bytes(received[:end]).partition(_HEAD_ENDS)
    first, *lines = head.split(b"\r\n")
    pairs = [(name.strip(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    return Reply(int(first[9:12]), httpx.Headers(pairs), body, 0.0)
