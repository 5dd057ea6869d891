"""A local server of the Anthropic Messages API, as strict as the real one, that plays a scripted model.

It checks each request (`validation.py`), answers plain or streamed, and counts tokens with a prompt cache of its own:
what a request shares with an earlier one up to a cache breakpoint is a cache read. Tokens are counted as a quarter of
the characters; only their proportions mean something.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from tests.wire.validation import Invalid, blocks, check


@dataclass(frozen=True, slots=True)
class Say:
    """The model says something."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """The model calls a tool."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fail:
    """The service answers with an error."""

    status: int
    kind: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection breaks after a share of the answer is sent; with none of it, before the headers."""

    parts: Sequence[Say | Call] = ()
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer ends for a reason of the provider: `max_tokens`, `refusal`."""

    parts: Sequence[Say | Call]
    reason: str


Turn = Sequence[Say | Call] | Fail | Cut | Ended
Script = Callable[["Asked"], Turn]
"""Given what was asked, what the model does next."""

Bill = Callable[[dict[str, Any]], dict[str, int]]
"""Given a request, the usage that is billed for it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as a script sees it."""

    body: dict[str, Any]

    @property
    def opening(self) -> str:
        """The text of the first message: the assignment."""
        return _text(self.body["messages"][0]["content"])

    @property
    def last(self) -> str:
        """The text of the last message: a tool's result, or the assignment."""
        return _text(self.body["messages"][-1]["content"])

    @property
    def turn(self) -> int:
        """How often the model has already spoken in this conversation."""
        return sum(message["role"] == "assistant" for message in self.body["messages"])

    @property
    def system(self) -> str:
        """The system prompt."""
        return _text(self.body.get("system", ""))


@dataclass
class AnthropicServer:
    """A running server; `url` goes into `ANTHROPIC_BASE_URL`."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """The messages of the requests that it refused; empty for a client that keeps the rules."""
    usages: list[dict[str, int]] = field(default_factory=list)
    cache: set[str] = field(default_factory=set)


@contextmanager
def anthropic_server(script: Script, bill: Bill | None = None) -> Iterator[AnthropicServer]:
    """Serve on a free port of the loopback until the context ends; `bill` takes the place of counting tokens."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server = AnthropicServer(url=f"http://127.0.0.1:{http.server_address[1]}")
    http.RequestHandlerClass = type(
        "Handler",
        (_Handler,),
        {"server_state": server, "script": staticmethod(script), "bill": staticmethod(bill) if bill else None},
    )
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: ClassVar[AnthropicServer]
    script: ClassVar[Script]
    bill: ClassVar[Bill | None]

    def do_POST(self) -> None:  # noqa: N802 -- the name is the base class's
        raw = self.rfile.read(int(self.headers.get("content-length", "0")))
        refusal = self._refusal(raw)
        if refusal:
            self.server_state.refused.append(refusal[1])
            return self._error(*refusal)
        return self._answer(json.loads(raw))

    def _refusal(self, raw: bytes) -> tuple[int, str, str] | None:
        if self.path.split("?")[0] != "/v1/messages":
            return 404, "Not found", "not_found_error"
        if not (self.headers.get("x-api-key") or self.headers.get("authorization")):
            return 401, "x-api-key header is required", "authentication_error"
        if not self.headers.get("anthropic-version"):
            return 400, "anthropic-version: header is required", "invalid_request_error"
        try:
            check(json.loads(raw))
        except (Invalid, json.JSONDecodeError) as error:
            return 400, str(error), "invalid_request_error"
        return None

    def _answer(self, body: dict[str, Any]) -> None:
        state, asked = self.server_state, Asked(body)
        state.asked.append(asked)
        turn = type(self).script(asked)
        if isinstance(turn, Fail):
            return self._error(turn.status, turn.kind, turn.kind, turn.headers)
        parts = turn.parts if isinstance(turn, Cut | Ended) else turn
        bill = type(self).bill
        usage = bill(body) if bill else _usage(state, body, parts)
        message = _message(body, parts, usage, number=len(state.asked))
        if isinstance(turn, Ended):
            message["stop_reason"] = turn.reason
        state.usages.append(message["usage"])
        share = turn.share if isinstance(turn, Cut) else 1.0
        if body.get("stream"):
            payload = "".join(_events(message)).encode()
            return self._send(200, payload, {"content-type": "text/event-stream"}, share)
        return self._send(200, json.dumps(message).encode(), {"content-type": "application/json"}, share)

    def _error(self, status: int, message: str, kind: str, headers: dict[str, str] | None = None) -> None:
        payload = {"type": "error", "error": {"type": kind, "message": message}}
        self._send(status, json.dumps(payload).encode(), {"content-type": "application/json", **(headers or {})})

    def _send(self, status: int, payload: bytes, headers: dict[str, str], share: float = 1.0) -> None:
        self.close_connection = share < 1
        if not share:
            return
        with contextlib.suppress(ConnectionError):  # a client that was interrupted does not wait for its answer
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(payload))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload[: int(len(payload) * share)])

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""


def _message(body: dict[str, Any], turn: Sequence[Say | Call], usage: dict[str, int], number: int) -> dict[str, Any]:
    content = [
        {"type": "text", "text": part.text}
        if isinstance(part, Say)
        else {"type": "tool_use", "id": f"toolu_{number:04}_{index}", "name": part.tool, "input": part.arguments}
        for index, part in enumerate(turn)
    ]
    calls = any(isinstance(part, Call) for part in turn)
    return {
        "id": f"msg_{number:04}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": "tool_use" if calls else "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }


def _usage(server: AnthropicServer, body: dict[str, Any], turn: Sequence[Say | Call]) -> dict[str, int]:
    prefixes = list(_prefixes(body))
    whole = len(_flat(body)) // 4
    read = max((len(prefix) // 4 for prefix in prefixes if prefix in server.cache), default=0)
    written = max((len(prefix) // 4 for prefix in prefixes), default=0)
    server.cache.update(prefixes)
    return {
        "input_tokens": whole - max(read, written),
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": max(written - read, 0),
        "output_tokens": max(1, sum(len(str(part)) for part in turn) // 4),
    }


def _prefixes(body: dict[str, Any]) -> Iterator[str]:
    """Everything up to each cache breakpoint; with the top-level mark, up to the end of each message."""
    parts: list[str] = []
    everywhere = bool(body.get("cache_control"))
    system = body.get("system", [])
    for block in [*body.get("tools", []), *blocks(system)]:
        parts.append(_flat(_unmarked(block)))
        if block.get("cache_control"):
            yield "".join(parts)
    for message in body["messages"]:
        for block in blocks(message["content"]):
            parts.append(message["role"] + _flat(_unmarked(block)))
            if block.get("cache_control"):
                yield "".join(parts)
        if everywhere:
            yield "".join(parts)


def _unmarked(block: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key != "cache_control"}


def _flat(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _text(content: Any) -> str:
    found = []
    for block in blocks(content):
        inner = block.get("content") if block["type"] == "tool_result" else block.get("text", "")
        found.append(inner if isinstance(inner, str) else _text(inner))
    return "\n".join(found)


def _events(message: dict[str, Any]) -> Iterator[str]:
    opening = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    yield _event("message_start", {"message": opening})
    for index, block in enumerate(message["content"]):
        yield from _block_events(index, block)
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield _event("message_delta", {"delta": delta, "usage": {"output_tokens": message["usage"]["output_tokens"]}})
    yield _event("message_stop", {})


def _block_events(index: int, block: dict[str, Any]) -> Iterator[str]:
    if block["type"] == "text":
        empty: dict[str, Any] = {"type": "text", "text": ""}
        whole, kind, field_name = block["text"], "text_delta", "text"
    else:
        empty = {**block, "input": {}}
        whole, kind, field_name = json.dumps(block["input"]), "input_json_delta", "partial_json"
    yield _event("content_block_start", {"index": index, "content_block": empty})
    for start in range(0, len(whole), 400):
        delta = {"type": kind, field_name: whole[start : start + 400]}
        yield _event("content_block_delta", {"index": index, "delta": delta})
    yield _event("content_block_stop", {"index": index})


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n"
