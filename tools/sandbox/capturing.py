"""Bounded copies of what a command prints."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

_CHUNK = 1 << 16


@dataclass(slots=True)
class Capture:
    """The first and the last half of a stream, and how much there was between."""

    limit: int
    """Bytes that are kept."""
    flood: int = 64 << 20
    """Bytes from which on reading is a waste."""
    total: int = 0
    _head: bytearray = field(default_factory=bytearray)
    _tail: bytearray = field(default_factory=bytearray)

    def add(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        half = self.limit // 2
        self.total += len(data)
        room = half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > half:
            del self._tail[: len(self._tail) - half]

    @property
    def flooded(self) -> bool:
        """True when the stream has become so long that reading on is a waste."""
        return self.total > self.flood

    @property
    def left_out(self) -> int:
        """Bytes between the two ends."""
        return self.total - len(self._head) - len(self._tail)

    def text(self) -> str:
        """What was kept; a line in its middle says how much was left out."""
        notice = f"\n[... {self.left_out} bytes left out ...]\n" if self.left_out else ""
        return self._head.decode(errors="replace") + notice + self._tail.decode(errors="replace")


async def drain(stream: asyncio.StreamReader, capture: Capture) -> bool:
    """Copy the stream until it ends; True when it was left early because it is a flood."""
    while data := await stream.read(_CHUNK):
        capture.add(data)
        if capture.flooded:
            return True
    return False
