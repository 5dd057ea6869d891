"""Around every answer: headers that keep browsers careful, and an answer to the unexpected."""

import logging

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_logger = logging.getLogger(__name__)
_FAILED = {"error": {"message": "something went wrong", "code": "internal"}}
_HEADERS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)


class CarefulAnswers:
    """Adds the headers to every answer, and answers 500 where nobody else did."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        begun = False

        async def send_carefully(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, send_carefully)
        except Exception:
            if begun or scope["type"] != "http":
                raise
            _logger.exception("unexpected")
            await JSONResponse(_FAILED, 500)(scope, receive, send_carefully)
