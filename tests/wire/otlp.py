"""A local collector: takes spans by OTLP over HTTP, as protobuf, and keeps them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class Received:
    """One span."""

    name: str
    id: str
    parent: str
    trace: str
    attributes: dict[str, Any]
    events: tuple[str, ...]
    failed: bool
    seconds: float
    service: str


@dataclass
class Collector:
    """A running collector; `url` goes into `OTEL_EXPORTER_OTLP_ENDPOINT`."""

    url: str
    status: int = 200
    """What it answers; only spans that it answers with 200 are taken."""
    holds: threading.Event = field(default_factory=threading.Event)
    """Requests are answered once this is set, which it is from the beginning."""
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def spans(self) -> list[Received]:
        """All spans that were taken, in the order in which they ended."""
        return [span for body in self.bodies for span in _spans(body)]

    def named(self, name: str) -> list[Received]:
        """Those whose names begin so."""
        return [span for span in self.spans if span.name.startswith(name)]

    def above(self, span: Received) -> list[str]:
        """The names of the spans around one, the nearest first."""
        by_id = {one.id: one for one in self.spans}
        found: list[str] = []
        while span.parent:
            span = by_id[span.parent]
            found.append(span.name)
        return found

    def holding(self, text: str) -> list[str]:
        """The names of the spans in which a text stands, wherever."""
        return [span.name for body in self.bodies if text.encode() in body for span in _spans(body)]


@contextmanager
def collector() -> Iterator[Collector]:
    """Collect on a free port of the loopback until the context ends."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    found = Collector(f"http://127.0.0.1:{http.server_address[1]}")
    found.holds.set()
    http.RequestHandlerClass = type("Handler", (_Handler,), {"collector": found})
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.holds.set()
        http.shutdown()
        http.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    collector: ClassVar[Collector]

    def do_POST(self) -> None:  # noqa: N802 -- the name is the base class's
        found = type(self).collector
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        found.holds.wait()
        found.paths.append(self.path)
        found.headers.append({name.lower(): value for name, value in self.headers.items()})
        if found.status == 200:
            found.bodies.append(body)
        self.send_response(found.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""


def _spans(body: bytes) -> Iterator[Received]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = str(_values(resource.resource.attributes).get("service.name", ""))
        for scope in resource.scope_spans:
            for one in scope.spans:
                yield Received(
                    name=one.name,
                    id=one.span_id.hex(),
                    parent=one.parent_span_id.hex(),
                    trace=one.trace_id.hex(),
                    attributes=_values(one.attributes),
                    events=tuple(event.name for event in one.events),
                    failed=one.status.code == one.status.STATUS_CODE_ERROR,
                    seconds=(one.end_time_unix_nano - one.start_time_unix_nano) / 1e9,
                    service=service,
                )


def _values(attributes: Sequence[Any]) -> dict[str, Any]:
    return {one.key: _value(one.value) for one in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None
