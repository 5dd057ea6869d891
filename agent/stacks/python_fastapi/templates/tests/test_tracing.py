"""Spans of requests and of their statements."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from src.core.tracing import Tracing

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Keeps what would be sent."""
    return InMemorySpanExporter()


def traced(exporter: InMemorySpanExporter, share: float) -> Tracing:
    """A tracing that is on."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing = Tracing(share)
    tracing.tracer = provider.get_tracer("tests")
    return tracing


def header(flags: str) -> list[tuple[bytes, bytes]]:
    """The headers of a caller that traces, or that does not."""
    return [(b"accept", b"*/*"), (b"traceparent", f"00-{TRACE}-{PARENT}-{flags}".encode())]


def test_a_request_and_its_statements_belong_to_the_callers_trace(
    exporter: InMemorySpanExporter,
) -> None:
    """The caller's span is the parent, the request's span that of the statements."""
    span = traced(exporter, 0.0).begin("GET", header("01"))
    assert span is not None
    span.statement("SELECT id\n FROM things", 0.25)
    span.end("GET", "/things", 500)

    statement, request = exporter.get_finished_spans()
    assert request.name == "GET /things"
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == PARENT
    assert f"{request.context.trace_id:032x}" == TRACE
    assert not request.status.is_ok
    assert statement.parent is not None
    assert statement.parent.span_id == request.context.span_id
    assert statement.attributes is not None
    assert statement.attributes["db.query.text"] == "SELECT id FROM things"


def test_what_is_asked_of_others_carries_the_trace(exporter: InMemorySpanExporter) -> None:
    """As the same header."""
    span = traced(exporter, 1.0).begin("GET", header("01"))
    assert span is not None
    assert span.headers()["traceparent"].startswith(f"00-{TRACE}-")


@pytest.mark.parametrize(
    ("share", "headers", "expected"),
    [
        (1.0, header("00"), False),
        (0.0, header("01"), True),
        (1.0, [], True),
        (0.0, [], False),
        (1.0, [(b"traceparent", b"nonsense")], True),
    ],
)
def test_the_caller_decides_else_chance(
    exporter: InMemorySpanExporter,
    share: float,
    headers: list[tuple[bytes, bytes]],
    expected: bool,
) -> None:
    """No span is made for a request that is not traced."""
    assert (traced(exporter, share).begin("GET", headers) is not None) is expected


async def test_without_a_collector_nothing_is_traced() -> None:
    """Whatever the caller wants."""
    tracing = Tracing(1.0)
    async with tracing.open(""):
        assert tracing.begin("GET", header("01")) is None


async def test_with_a_collector_spans_are_made() -> None:
    """Until the context ends."""
    tracing = Tracing(1.0)
    async with tracing.open("http://127.0.0.1:9/"):
        assert tracing.begin("GET", header("01")) is not None
    assert tracing.begin("GET", header("01")) is None
