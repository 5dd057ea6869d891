"""What happens when more people come than can be served."""

import asyncio

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_ALWAYS = ("/health", "/metrics")
_SORRY = JSONResponse(
    {"error": {"message": "too much to do, come back later", "code": "overloaded"}},
    503,
    {"Retry-After": "2"},
)


class Crowds:
    """Serves so many at a time, each for so long; sends everybody else away at once."""

    def __init__(self, app: ASGIApp, most: int = 48, seconds: float = 6.0) -> None:
        self._app = app
        self._free = most
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].startswith(_ALWAYS):
            await self._app(scope, receive, send)
            return
        if not self._free:
            await _SORRY(scope, receive, send)
            return
        self._free -= 1
        try:
            async with asyncio.timeout(self._seconds):
                await self._app(scope, receive, send)
        except TimeoutError:
            await _SORRY(scope, receive, send)
        finally:
            self._free += 1
