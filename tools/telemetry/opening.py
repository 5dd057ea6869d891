"""Says from the environment whether the runtime's own spans are sent, and where; docs/design/telemetry.md."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tools.redaction.room import room
from tools.telemetry.traces import Traces

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from tools.telemetry.sending import Sender

SERVICE = "backend-developer-agent"
PATIENCE = 3.0
"""Seconds that the end of the work waits for spans to be sent; what is left then is lost."""
_SPOKEN = "http/protobuf"
_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_YES = ("true", "span_only", "span_and_event")


@contextmanager
def sending_traces(told: Callable[[str], None]) -> Iterator[Traces]:
    """Spans that are made meanwhile are sent where the environment says; off when it says nothing.

    That a collector is away, slow or broken costs spans and `PATIENCE` at most, and so do settings that cannot be used;
    it is `told` in words.
    """
    endpoint, protocol = _of_traces("ENDPOINT"), _of_traces("PROTOCOL") or _SPOKEN
    if not endpoint or _said("OTEL_SDK_DISABLED") == "true" or _said("OTEL_TRACES_EXPORTER") == "none":
        yield Traces()
        return
    if protocol != _SPOKEN:
        told(f"telemetry: no span is sent: {protocol} is not spoken here, only {_SPOKEN}")
        yield Traces()
        return
    with _sending(endpoint, told) as traces:
        yield traces


@contextmanager
def _sending(endpoint: str, told: Callable[[str], None]) -> Iterator[Traces]:
    room.know_environment(_headers())
    made = _made(told)
    if made is None:
        yield Traces()
        return
    provider, sender = made
    try:
        yield Traces(provider, endpoint, _said(_CONTENT) in _YES)
    finally:
        sender.close(PATIENCE)
        if sender.lost:
            told(f"telemetry: {endpoint} did not take all spans; lost: {sender.lost}")


def _made(told: Callable[[str], None]) -> tuple[TracerProvider, Sender] | None:
    """Both read their further settings from the environment; None where those cannot be used."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    from tools.telemetry.sending import Sender

    name = os.environ.get("OTEL_SERVICE_NAME") or SERVICE
    try:
        provider = TracerProvider(resource=Resource.create({"service.name": name}), shutdown_on_exit=False)
        sender = Sender()
    except (ValueError, OSError) as error:
        told(f"telemetry: no span is sent: {error}")
        return None
    provider.add_span_processor(sender)
    return provider, sender


def _said(name: str) -> str:
    return os.environ.get(name, "").strip().lower()


def _of_traces(name: str) -> str:
    """A setting of the exporter: that of traces alone, else that of everything."""
    return os.environ.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}") or os.environ.get(f"OTEL_EXPORTER_OTLP_{name}") or ""


def _headers() -> dict[str, str]:
    """What is sent along with each request, by name; of `Bearer abc` the last word."""
    pairs = (pair.partition("=") for pair in _of_traces("HEADERS").split(","))
    return {name.strip(): (unquote(value).split() or [""])[-1] for name, _, value in pairs}
