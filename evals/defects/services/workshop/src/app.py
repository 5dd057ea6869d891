"""Puts everything together."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Response
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from src.api.routes import api, probes
from src.core import journal, problems
from src.core.config import Config
from src.core.credentials import Credentials
from src.core.doors import doors
from src.core.edge import edge
from src.core.once import once
from src.engine import make_engine
from src.repositories import Database
from src.shared import Board


def trace_to_collector() -> None:
    """Where one is named."""
    if "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ:
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)


def create_app(config: Config | None = None) -> FastAPI:
    """The service; configured by the environment where nothing else is said."""
    config = config or Config.from_environment()
    journal.configure()
    trace_to_collector()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = make_engine(config.database_url, config.pool_size)
        app.state.database = Database(engine)
        yield
        await engine.dispose()
        await app.state.board.close()

    app = FastAPI(title="Workshop", version="2", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.board = Board(config.redis_url, config.pace, config.cache_seconds)
    app.state.credentials = Credentials(config.secret_key)
    app.include_router(api)
    app.include_router(probes)
    app.add_middleware(once)
    app.add_middleware(doors)
    app.add_middleware(edge)
    problems.install(app)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app
