"""Looks through what a client sends to a Valkey for the one command that access lists do not govern.

`RESET` puts a connection back into database 0, from where a new `AUTH` would reach what is others'. Only the plain form
of commands passes, which all clients use, so that the server and this reader cannot disagree about where one begins.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

_COUNT = re.compile(rb"\*([1-9]\d{0,6})\r\n")
_LENGTH = re.compile(rb"\$(0|[1-9]\d{0,9})\r\n")
_LONGEST_LINE = 14
_FORBIDDEN = b"RESET"


class Forbidden(ConnectionError):
    """The client sent what may not pass; its connection ends."""


@dataclass(slots=True)
class Commands:
    """Reads commands as they come, in pieces of any size."""

    _rest: bytes = b""
    """Begun, and not yet understood."""
    _arguments: int = 0
    """Of the command, still to come."""
    _name_next: bool = False
    _skip: int = 0
    """Bytes of an argument, still to come."""

    def look(self, data: bytes) -> None:
        """Raise `Forbidden` when a command in it, or begun before it, may not pass."""
        data = self._rest + data
        while data:
            if self._skip:
                passed = min(self._skip, len(data))
                self._skip, data = self._skip - passed, data[passed:]
                continue
            after = self._next(data)
            if after is None:
                break
            data = after
        self._rest = data

    def _next(self, data: bytes) -> bytes | None:
        """What follows the next line, and the command's name if it stands there; None when that is not all there."""
        header = (_LENGTH if self._arguments else _COUNT).match(data)
        if header is None:
            if b"\n" in data or len(data) > _LONGEST_LINE:
                raise Forbidden("not a command in its plain form")
            return None
        if not self._arguments:
            self._arguments, self._name_next = int(header[1]), True
            return data[header.end() :]
        length = int(header[1])
        if self._name_next and length == len(_FORBIDDEN):
            if len(data) < header.end() + length:
                return None
            if data[header.end() : header.end() + length].upper() == _FORBIDDEN:
                raise Forbidden("RESET")
        self._arguments, self._name_next, self._skip = self._arguments - 1, False, length + 2
        return data[header.end() :]


@dataclass(slots=True)
class GuardedWriter:
    """A connection's writer that lets nothing forbidden pass."""

    writer: asyncio.StreamWriter
    _commands: Commands = field(default_factory=Commands)

    @property
    def transport(self) -> asyncio.WriteTransport:
        """The connection's."""
        return self.writer.transport

    def write(self, data: bytes) -> None:
        """Send it on, or raise `Forbidden`."""
        self._commands.look(data)
        self.writer.write(data)

    async def drain(self) -> None:
        """Wait until there is room for more."""
        await self.writer.drain()

    def write_eof(self) -> None:
        """Nothing more comes."""
        self.writer.write_eof()
