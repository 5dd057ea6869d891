"""Around every request: its id, its line, its time, and an answer when something breaks."""

import logging
from time import monotonic
from uuid import uuid4

from fastapi.responses import JSONResponse
from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from src.core.logging import request_id, user_id
from src.core.telemetry import REQUESTS, TRACER

_log = logging.getLogger(__name__)
_HEADER = b"x-request-id"
_BROKEN = JSONResponse({"error": {"message": "something broke", "code": "internal"}}, 500)


class Requests:
    """Gives every request an id, and prints a line for it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = dict(scope["headers"]).get(_HEADER, b"")
        identifier = sent if 0 < len(sent) <= 64 and sent.isalnum() else uuid4().hex.encode()
        request_id.set(identifier.decode())
        user_id.set(None)
        started = monotonic()
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (_HEADER, identifier)]
                _log.info("%s %s %s", scope["method"], scope["path"], message["status"])
                route = getattr(scope.get("route"), "path", "none")
                series = REQUESTS.labels(scope["method"], route, str(message["status"]))
                series.observe(monotonic() - started)
            await send(message)

        try:
            with TRACER.start_as_current_span(
                scope["path"], context=extract(headers), kind=SpanKind.SERVER
            ):
                await self.app(scope, receive, answer)
        except Exception:
            _log.exception("it broke")
            await _BROKEN(scope, receive, answer)
