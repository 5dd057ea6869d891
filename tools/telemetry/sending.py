"""Sends spans by OTLP over HTTP, without secrets. Imports OpenTelemetry's SDK, so only where spans are sent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import Attributes

from tools.redaction.room import room

# Python prints what nobody listens to on standard error; what was not sent is counted instead, and told once.
logging.getLogger("opentelemetry").addHandler(logging.NullHandler())


class Sender(BatchSpanProcessor):
    """Keeps spans that ended, and sends them from a thread of its own. Made from the environment, like its exporter.

    Raises ValueError or OSError when the environment's settings cannot be used.
    """

    def __init__(self) -> None:
        self._counted = _Counted()
        self._ended = 0
        super().__init__(self._counted)

    @property
    def lost(self) -> int:
        """Spans that ended, and that no collector has taken by now."""
        return self._ended - self._counted.taken

    def on_end(self, span: ReadableSpan) -> None:
        """Keep a span; it goes through the room of secrets in the thread that made it."""
        self._ended += 1
        super().on_end(discreet(span))

    def close(self, patience: float) -> None:
        """Send what is left, for so many seconds at most; a request that hangs is left to its thread."""
        closing = threading.Thread(target=self.shutdown, daemon=True)
        closing.start()
        closing.join(patience)


class _Counted(OTLPSpanExporter):
    """Knows how many spans the collector has taken."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        self.taken += len(spans) if result is SpanExportResult.SUCCESS else 0
        return result


def discreet(span: ReadableSpan) -> ReadableSpan:
    """The same span with a mark in place of every secret in its texts."""
    return ReadableSpan(
        name=room.redact(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_attributes(span.attributes),
        events=[Event(room.redact(one.name), _attributes(one.attributes), one.timestamp) for one in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code, room.redact(span.status.description or "") or None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _attributes(attributes: Attributes) -> Attributes:
    return room.redact_all(dict(attributes or {}))
