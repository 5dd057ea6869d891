"""What happens around requests."""

import logging
import sys
from collections.abc import Callable

import pytest
from httpx import ASGITransport, AsyncClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from src.core.logging import Lines
from src.core.middleware import CarefulAnswers
from src.core.requests import Requests
from src.core.telemetry import set_up_tracing


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    """Never answers."""
    raise RuntimeError(f"{scope['type']} {receive} {send}")


async def test_what_breaks_is_answered_all_the_same() -> None:
    transport = ASGITransport(app=CarefulAnswers(Requests(broken)))
    async with AsyncClient(transport=transport, base_url="http://service") as client:
        answer = await client.get("/")
    assert answer.status_code == 500
    assert answer.headers["x-frame-options"] == "DENY"
    assert "RuntimeError" not in answer.text


@pytest.mark.parametrize("around", [Requests, CarefulAnswers])
async def test_the_start_of_the_process_is_passed_on(around: Callable[[ASGIApp], ASGIApp]) -> None:
    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    with pytest.raises(RuntimeError, match="lifespan"):
        await around(broken)({"type": "lifespan"}, receive, send)


async def test_an_id_is_taken_over(client: AsyncClient) -> None:
    answer = await client.get("/health/live", headers={"X-Request-ID": "abc123"})
    assert answer.headers["x-request-id"] == "abc123"


def test_a_line_holds_the_whole_error() -> None:
    try:
        raise RuntimeError("odd")
    except RuntimeError:
        record = logging.LogRecord("src", logging.ERROR, __file__, 1, "bad", (), sys.exc_info())
    assert "RuntimeError: odd" in Lines().format(record)


def test_tracing_is_on_where_somebody_collects(monkeypatch: pytest.MonkeyPatch) -> None:
    providers: list[TracerProvider] = []
    monkeypatch.setattr(trace, "set_tracer_provider", providers.append)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    set_up_tracing()
    assert providers == []
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    set_up_tracing()
    (provider,) = providers
    provider.shutdown()
