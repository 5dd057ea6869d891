"""Changes that are sent again: under one Idempotency-Key they happen once."""

import json
from collections.abc import Mapping
from hashlib import sha256

from fastapi.responses import JSONResponse, Response
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CHANGES = frozenset({"POST", "PATCH", "DELETE"})
_BUSY_SECONDS = 30
_KEPT_SECONDS = 24 * 60 * 60


class Repeats:
    """Remembers answers for a day; who meets its own twin at work is told to come back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = dict(scope["headers"]) if scope["type"] == "http" else {}
        key = headers.get(b"idempotency-key")
        if key is None or scope["method"] not in _CHANGES or scope["path"].endswith("/login"):
            await self._app(scope, receive, send)
            return
        body = await _whole(receive)
        caller = headers.get(b"authorization", b"")
        place = b"\n".join((caller, scope["method"].encode(), scope["path"].encode(), key))
        try:
            answer = await self._answer(scope, body, f"repeats:{sha256(place).hexdigest()}")
        except RedisError:
            answer = _refusal(503, "keys cannot be looked up at the moment")
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, body: bytes, name: str) -> Response:
        redis: Redis = scope["app"].state.redis
        sent = sha256(body).hexdigest()
        if await redis.set(name, json.dumps({"sent": sent}), nx=True, ex=_BUSY_SECONDS):
            return await self._first(scope, body, name, sent, redis)
        known = json.loads(await redis.get(name) or "{}")
        if known.get("sent", sent) != sent:
            return _refusal(422, "this Idempotency-Key was used for something else")
        if "status" not in known:
            return _refusal(409, "the first request with this Idempotency-Key is still at work")
        return _response(known)

    async def _first(
        self, scope: Scope, body: bytes, name: str, sent: str, redis: Redis
    ) -> Response:
        known: dict[str, object] = {}

        async def read() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                pairs = ((name.decode(), value.decode()) for name, value in message["headers"])
                known.update(status=message["status"], headers=list(pairs), body="")
            else:
                known["body"] = f"{known['body']}{message['body'].decode()}"

        try:
            await self._app(scope, read, collect)
        finally:
            if str(known.get("status", ""))[:1] == "2":
                await redis.set(name, json.dumps({"sent": sent, **known}), ex=_KEPT_SECONDS)
            else:
                await redis.delete(name)
        return _response(known)


async def _whole(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _response(known: Mapping[str, object]) -> Response:
    response = Response(str(known["body"]), int(str(known["status"])))
    headers = known["headers"]
    assert isinstance(headers, list)
    response.raw_headers = [(name.encode(), value.encode()) for name, value in headers]
    return response


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"error": {"message": message, "code": "idempotency_key"}}, status)
