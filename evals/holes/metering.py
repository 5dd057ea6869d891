"""A unix socket behind which the model answers, so that a sandbox without network reaches it; tokens are counted.

The key goes no further than here: whoever asks needs none.
"""

from __future__ import annotations

import json
import os
import socketserver
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socket import SHUT_RDWR
from typing import ClassVar
from urllib.parse import urlsplit

from agent.errors import InputError
from tools.scratch import scratch_folder

SOCKET = "model.sock"
_PROVIDER = "anthropic:"
_BASE = "https://api.anthropic.com"
_SENT_ON = ("content-type", "anthropic-version", "anthropic-beta")
_PATIENCE = 1_800.0
"""Seconds for one answer; what limits it is the time of the whole work."""


@dataclass(slots=True)
class Meter:
    """What went through."""

    folder: Path
    """Holds the socket; give it to a sandbox."""
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    _asking: list[HTTPConnection] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextmanager
    def open(self, connection: HTTPConnection) -> Iterator[None]:
        """A connection to the model, for as long as the context is open."""
        with self._lock:
            self._asking.append(connection)
        try:
            yield
        finally:
            with self._lock:
                self._asking.remove(connection)

    def end(self) -> None:
        """Break off what is being asked: a local model would go on answering, and keep the next one waiting."""
        with self._lock, suppress(OSError):
            for one in self._asking:
                if one.sock is not None:
                    one.sock.shutdown(SHUT_RDWR)

    def note(self, answer: bytes) -> None:
        """Count an answer."""
        usage = _usage(answer)
        with self._lock:
            self.requests += 1
            self.input_tokens += sum(usage.get(name, 0) for name in _INPUT)
            self.output_tokens += usage.get("output_tokens", 0)


_INPUT = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def model_name(model: str) -> str:
    """Its name at the provider. Raises InputError for one that is not spoken to by Anthropic's API."""
    if not model.startswith(_PROVIDER):
        raise InputError(f"--model {model}: other agents are measured with `{_PROVIDER}NAME` alone")
    return model.removeprefix(_PROVIDER)


@contextmanager
def metered() -> Iterator[Meter]:
    """The socket, for as long as the context is open; it leads to `ANTHROPIC_BASE_URL`."""
    with scratch_folder("model") as folder:
        folder.chmod(0o755)
        meter = Meter(folder)
        handler = type("Handler", (_Handler,), {"meter": meter})
        with _Server(str(folder / SOCKET), handler) as server:
            (folder / SOCKET).chmod(0o777)
            thread = threading.Thread(target=server.serve_forever, name="metering", daemon=True)
            thread.start()
            try:
                yield meter
            finally:
                meter.end()
                server.shutdown()
                thread.join()


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False  # an answer that nobody waits for any more may take long

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked has gone meanwhile: nobody is to be told."""


class _Handler(BaseHTTPRequestHandler):
    meter: ClassVar[Meter]

    def do_POST(self) -> None:  # noqa: N802 -- the name is the base class's
        """Ask the model the same."""
        content = self.rfile.read(int(self.headers.get("content-length", "0")))
        sent = {name: value for name in _SENT_ON if (value := self.headers.get(name))}
        sent["x-api-key"] = os.environ.get("ANTHROPIC_API_KEY") or "none"
        base = urlsplit(os.environ.get("ANTHROPIC_BASE_URL") or _BASE)
        kind = HTTPSConnection if base.scheme == "https" else HTTPConnection
        with closing(kind(base.netloc, timeout=_PATIENCE)) as connection, self.meter.open(connection):
            try:
                connection.request("POST", base.path.rstrip("/") + self.path, content, sent)
                answer = connection.getresponse()
                answered = answer.read()
            except (OSError, HTTPException) as error:
                self._answer(502, "text/plain", str(error).encode())
                return
        self.meter.note(answered)
        self._answer(answer.status, answer.headers.get("content-type", "application/json"), answered)

    def _answer(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def address_string(self) -> str:
        """A unix socket has no address."""
        return "sandbox"

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is printed."""


def _usage(answer: bytes) -> dict[str, int]:
    """What an answer says that it cost; whether it came in one piece or as a stream of events."""
    found: dict[str, int] = {}
    lines = answer.split(b"\n")
    for text in [answer, *(line.removeprefix(b"data:") for line in lines if line.startswith(b"data:"))]:
        try:
            event = json.loads(text)
        except ValueError:
            continue
        if isinstance(event, dict):
            inner = event.get("message")
            usage = event.get("usage") or (inner.get("usage") if isinstance(inner, dict) else None) or {}
            found |= {name: value for name, value in usage.items() if isinstance(value, int)}
    return found
