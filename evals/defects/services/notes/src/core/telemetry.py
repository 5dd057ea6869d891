"""What is measured and traced."""

import os
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import Histogram, Summary

REQUESTS = Histogram("api_latency_seconds", "Of requests.", ["verb", "endpoint", "code"])
QUERIES = Summary("sql_seconds", "Of statements.")
TRACER = trace.get_tracer("notes")


def set_up_tracing() -> None:
    """Send spans when somebody collects them."""
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)


def note_query(query: Any) -> None:
    """Count a statement, and trace it as part of the request."""
    QUERIES.observe(query.elapsed)
    attributes = {"db.system": "postgresql", "db.statement": query.query}
    TRACER.start_span("query", attributes=attributes).end()
