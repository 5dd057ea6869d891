"""What a client asks of a PostgreSQL server, read from the bytes between them.

It works with any server that is reached through a forwarded socket, needs no right on it, and neither side can tell.
What is not understood is passed over: a reader that lost its place stops reading and never disturbs the connection.
"""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

_CANCEL, _ENCRYPTIONS = 80877102, (80877103, 80877104)
_LARGEST = 64 << 20
_IDLE = b"I"
"""Status of a connection on which no transaction is open."""
_HEAD = 5
"""Bytes of a message's kind and length."""


@dataclass(slots=True)
class Statement:
    """One execution of a statement."""

    text: str
    connection: int
    """Number of the connection, counted from 1."""
    bound: bool
    """Sent with its values beside it (the extended protocol); False: sent as text alone."""
    began: float
    """`time.perf_counter()` when the client sent it."""
    ended: float | None = None
    """When the server had answered it whole; None while it has not."""
    rows: int = 0
    """Rows that the server sent."""
    tag: str = ""
    """As the server names what it did: `INSERT 0 1`, `SELECT 20`."""
    code: str = ""
    """SQLSTATE of the error, empty when there was none."""
    error: str = ""
    """The server's message."""
    transaction: int = 0
    """Number of the transaction on its connection, counted from 0: what one alone made is a transaction of its own."""

    @property
    def writes(self) -> bool:
        """It changed, or was meant to change, rows."""
        word = (self.tag or self.text.lstrip()).split(" ", 1)[0].upper()
        return word in ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")

    @property
    def wrote(self) -> bool:
        """It changed rows, and was not refused."""
        return self.writes and not self.code and not self.tag.endswith(" 0")

    @property
    def seconds(self) -> float | None:
        """From sending it to the end of its answer."""
        return None if self.ended is None else self.ended - self.began


@dataclass(slots=True)
class Recorder:
    """Everything that went through one forwarded socket. Filled by the forwarding's own thread, read by others."""

    statements: list[Statement] = field(default_factory=list)
    """In the order in which they were sent."""
    connections: int = 0
    """How many were opened in all."""
    delay: float = 0.0
    """Seconds for which each piece of an answer is held back: a slow database."""

    def connection(self) -> Wire:
        """A reader for one more connection."""
        self.connections += 1
        return Wire(self, self.connections)


class Wire:
    """One connection, as both sides' bytes pass by."""

    def __init__(self, recorder: Recorder, number: int) -> None:
        self._recorder = recorder
        self._number = number
        self._from_client, self._from_server = bytearray(), bytearray()
        self._started = False
        self._single_byte = False
        self._lost = False
        self._prepared: dict[str, str] = {}
        self._portals: dict[str, str] = {}
        self._last_parsed = ""
        self._transaction = 0
        self._pending: deque[Statement | None] = deque()
        """Executions without a whole answer; None stands for the end of a group, which ends with ReadyForQuery."""

    def sent(self, data: bytes) -> None:
        """Bytes from the client to the server."""
        if self._lost:
            return
        self._from_client += data
        if not self._started:
            self._start()
        if self._started:
            for kind, body in self._messages(self._from_client):
                self._client_says(kind, body)

    def received(self, data: bytes) -> None:
        """Bytes from the server to the client."""
        if self._lost:
            return
        self._from_server += data
        if self._single_byte:
            self._lost = self._from_server[:1] != b"N"  # S or G: encrypted from here on
            del self._from_server[:1]
            self._single_byte = False
        for kind, body in self._messages(self._from_server):
            self._server_says(kind, body)

    def _start(self) -> None:
        if len(self._from_client) < 8:
            return
        length, code = struct.unpack_from("!ii", self._from_client)
        if len(self._from_client) < length:
            return
        del self._from_client[:length]
        self._single_byte = code in _ENCRYPTIONS
        self._lost = code == _CANCEL
        self._started = not self._single_byte and not self._lost

    def _messages(self, buffer: bytearray) -> Iterator[tuple[bytes, bytes]]:
        while len(buffer) >= _HEAD:
            (length,) = struct.unpack_from("!i", buffer, 1)
            if not 4 <= length <= _LARGEST:
                self._lost = True
                return
            if len(buffer) <= length:
                return
            kind, body = bytes(buffer[:1]), bytes(buffer[_HEAD : length + 1])
            del buffer[: length + 1]
            yield kind, body

    def _client_says(self, kind: bytes, body: bytes) -> None:
        match kind:
            case b"Q":
                self._execute(_texts(body, 1)[0], bound=False)
                self._pending.append(None)
            case b"P":
                name, self._last_parsed = _texts(body, 2)
                self._prepared[name] = self._last_parsed
            case b"B":
                portal, name = _texts(body, 2)
                self._portals[portal] = self._prepared.get(name, "")
            case b"E":
                self._execute(self._portals.get(_texts(body, 1)[0], ""), bound=True)
            case b"S":
                self._pending.append(None)

    def _execute(self, text: str, *, bound: bool) -> None:
        statement = Statement(text, self._number, bound, time.perf_counter())
        self._pending.append(statement)
        self._recorder.statements.append(statement)

    def _server_says(self, kind: bytes, body: bytes) -> None:
        current = self._pending[0] if self._pending else None
        match kind:
            case b"D" if current:
                current.rows += 1
            case b"C" if current:
                current.tag = _texts(body, 1)[0]
                self._answered(current)
            case b"s" | b"I" if current:
                self._answered(current)
            case b"E":
                self._refused(current, body)
            case b"Z":
                self._end_group()
                self._transaction += body == _IDLE

    def _answered(self, statement: Statement) -> None:
        statement.ended, statement.transaction = time.perf_counter(), self._transaction
        if statement.bound:
            self._pending.popleft()

    def _refused(self, statement: Statement | None, body: bytes) -> None:
        if statement is None:  # refused before anything was executed: while it was parsed
            statement = Statement(self._last_parsed, self._number, True, time.perf_counter())
            self._recorder.statements.append(statement)
        fields = {part[:1]: part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}
        statement.code, statement.error = fields.get(b"C", ""), fields.get(b"M", "")
        statement.ended = time.perf_counter()

    def _end_group(self) -> None:
        while self._pending:
            if self._pending.popleft() is None:  # what stood before it was passed over after an error
                return


def _texts(body: bytes, count: int) -> list[str]:
    parts = [part.decode("utf-8", "replace") for part in body.split(b"\0", count)[:count]]
    return parts + [""] * (count - len(parts))
