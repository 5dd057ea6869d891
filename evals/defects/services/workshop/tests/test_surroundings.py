"""What is around every request."""

import json
import logging
import sys

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from src.app import create_app
from src.core.config import Config
from src.core.edge import edge
from src.core.journal import JsonLines
from tests.conftest import REDIS, SECRET


async def test_probes_and_metrics(http: httpx.AsyncClient) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        answer = await http.get(f"http://workshop{path}")
        assert answer.status_code == 200
        assert answer.headers["x-frame-options"] == "DENY"


async def test_readiness_without_database() -> None:
    app = create_app(
        Config(
            database_url="postgresql://nobody@127.0.0.1:9/x",
            secret_key=SECRET,
            redis_url=REDIS,
        )
    )
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://workshop") as client,
    ):
        assert (await client.get("/readyz")).status_code == 503
        broken = await client.get("/v2/tools")
    assert broken.status_code == 500
    assert broken.json()["type"] == "urn:workshop:unexpected"


async def test_correlation(http: httpx.AsyncClient) -> None:
    answer = await http.get("/nowhere", headers={"X-Request-ID": "mine-1"})
    assert answer.status_code == 404
    assert answer.headers["x-request-id"] == "mine-1"
    answer = await http.get("/nowhere", headers={"X-Request-ID": "<script>"})
    assert answer.headers["x-request-id"] != "<script>"


async def test_only_requests_are_surrounded() -> None:
    seen: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(f"{scope['type']} {callable(receive)} {callable(send)}")

    async def nothing() -> Message:
        return {}

    async def nowhere(message: Message) -> None:
        seen.append(message["type"])

    await edge(inner)({"type": "lifespan"}, nothing, nowhere)
    assert seen == ["lifespan True True"]


def test_settings_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("SECRET_KEY", SECRET)
    monkeypatch.setenv("REDIS_URL", REDIS)
    with pytest.raises(SystemExit, match="set DATABASE_URL"):
        create_app()


def test_line_with_an_error() -> None:
    try:
        raise KeyError("odd")
    except KeyError:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "bad", (), sys.exc_info())
    line = json.loads(JsonLines().format(record))
    assert line["log.level"] == "error"
    assert "KeyError: 'odd'" in line["error"]


def test_tracing_to_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    app = create_app(
        Config(
            database_url="postgresql://x@127.0.0.1:9/x",
            secret_key=SECRET,
            redis_url=REDIS,
        )
    )
    assert app.title == "Workshop"
