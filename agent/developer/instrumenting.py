"""Spans of what a model does: conversations, requests, calls of tools, by OpenTelemetry's GenAI conventions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry.metrics import NoOpMeterProvider
from pydantic_ai.capabilities import AbstractCapability, Instrumentation
from pydantic_ai.models.instrumented import InstrumentationSettings

from tools.telemetry.traces import Traces


def instrumented(traces: Traces) -> Sequence[AbstractCapability[Any]]:
    """What makes an agent's spans; nothing where they go nowhere. Without metrics, and content only if asked for."""
    if not traces.endpoint:
        return ()
    settings = InstrumentationSettings(
        tracer_provider=traces.provider,
        meter_provider=NoOpMeterProvider(),
        include_content=traces.content,
        include_binary_content=False,
        include_model_request_parameters=False,
    )
    return (Instrumentation(settings),)
