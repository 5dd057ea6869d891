"""The engine, and what is seen of its statements."""

from contextvars import ContextVar
from time import perf_counter
from typing import Any

import asyncpg
from opentelemetry import trace
from prometheus_client import Histogram
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

STATEMENTS = Histogram("db_client_operation_duration_seconds", "Of SQL statements.")
tracer = trace.get_tracer("workshop.sql")
started: ContextVar[float] = ContextVar("started", default=0.0)


def make_engine(url: str, pool_size: int) -> AsyncEngine:
    """Pooled connections."""

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(url, timeout=3, command_timeout=5)

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def before(*_: Any) -> None:
        started.set(perf_counter())

    @event.listens_for(engine.sync_engine, "after_cursor_execute")
    def after(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        STATEMENTS.observe(perf_counter() - started.get())
        with tracer.start_as_current_span("sql", kind=trace.SpanKind.CLIENT) as span:
            span.set_attribute("db.system.name", "postgresql")
            span.set_attribute("db.query.text", statement)

    return engine
