"""What surrounds every request, in one place."""

import logging
import re
import time
import uuid

from opentelemetry import propagate, trace
from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from src.core import journal
from src.core.exceptions import Hasty
from src.core.problems import of_problem, problem

LATENCY = Histogram(
    "http_server_request_duration_seconds",
    "Time to the first byte of an answer.",
    ["http_request_method", "http_route", "http_response_status_code"],
)
HARDENING = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,128}")
log = logging.getLogger("workshop.edge")
tracer = trace.get_tracer("workshop")


def edge(app: ASGIApp) -> ASGIApp:
    """The application with its surroundings."""

    async def surrounded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        correlation = given if ACCEPTABLE.fullmatch(given) else str(uuid.uuid4())
        journal.correlation.set(correlation)
        journal.member.set({})
        began, begun = time.perf_counter(), False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message).update({**HARDENING, "X-Request-ID": correlation})
                measure(scope, message["status"], time.perf_counter() - began)
            await send(message)

        with tracer.start_as_current_span(
            f"{scope['method']} request",
            context=propagate.extract(headers),
            kind=trace.SpanKind.SERVER,
        ):
            try:
                await scope["app"].state.board.count(f"address:{(scope['client'] or ('',))[0]}")
                await app(scope, receive, answer)
            except Hasty as error:
                await of_problem(error)(scope, receive, answer)
            except Exception:
                log.exception("unexpected failure")
                if not begun:
                    sorry = problem(500, "unexpected", "this is our fault; try again later")
                    await sorry(scope, receive, answer)

    return surrounded


def measure(scope: Scope, status: int, seconds: float) -> None:
    """Into the histogram and the log."""
    route = getattr(scope.get("route"), "path", "unmatched")
    LATENCY.labels(scope["method"], route, str(status)).observe(seconds)
    log.info("%s %s -> %d in %.1f ms", scope["method"], route, status, seconds * 1000)
