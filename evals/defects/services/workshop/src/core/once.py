"""Under one `Idempotency-Key` a request happens once, however often it is sent."""

import hashlib
from typing import Any

from fastapi.responses import Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from src.core.exceptions import Problem, Taken, Unlike
from src.core.problems import of_problem
from src.shared import Answer, Board

METHODS = {"POST", "PUT", "DELETE"}
TELLING = "/sessions"
"""Answers that hold a token are not kept for anybody."""


def once(app: ASGIApp) -> ASGIApp:
    """The application, with a memory for keys."""

    async def remembering(scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get("idempotency-key") if scope["type"] == "http" else None
        if key is None or scope["method"] not in METHODS or scope["path"].endswith(TELLING):
            return await app(scope, receive, send)
        body = await whole(receive)
        name, digest = named(scope, key), hashlib.sha256(body).hexdigest()
        board: Board = scope["app"].state.board
        try:
            known = await board.claim(name, digest)
            if known is None:
                known = await first(app, scope, body)
                await board.settle(name, digest, known)
            elif known.request != digest:
                raise Unlike("this Idempotency-Key came with something else before")
            elif not known.status:
                raise Taken("the first request with this Idempotency-Key is not done yet")
        except Problem as error:
            return await of_problem(error)(scope, receive, send)
        await answered(known)(scope, receive, send)

    async def first(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
        made: dict[str, Any] = {"text": ""}

        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                made["status"], made["kind"] = message["status"], kind_of(message)
            else:
                made["text"] += message.get("body", b"").decode()

        await app(scope, receive, collect)
        return Answer("", made["status"], made["kind"], made["text"])

    return remembering


async def whole(receive: Receive) -> bytes:
    """The body."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def named(scope: Scope, key: str) -> str:
    """Under what the board knows it: nobody meets another's answers."""
    caller = Headers(scope=scope).get("authorization", "")
    text = "\n".join((caller, scope["method"], scope["path"], key))
    return hashlib.sha256(text.encode()).hexdigest()


def kind_of(message: Message) -> str:
    """The media type of an answer that begins."""
    return Headers(raw=message["headers"]).get("content-type", "")


def answered(known: Answer) -> Response:
    """As it was the first time."""
    headers = {"Content-Type": known.kind} if known.kind else None
    return Response(known.text or None, known.status, headers)
