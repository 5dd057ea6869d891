"""What happens around a request, whatever the application does."""

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from src.core.middleware import BodyLimitMiddleware, RequestContextMiddleware
from src.core.tracing import Tracing

REQUEST: Scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
FAILURE = PlainTextResponse("failed", 500)
UNTRACED = Tracing(1.0)


async def nothing() -> Message:
    """Receives nothing."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def test_an_unexpected_error_is_answered_calmly() -> None:
    """The answer is the one that was prepared, with the headers of every answer."""
    sent: list[Message] = []

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError(f"{scope['type']} {receive} {send}")

    async def send(message: Message) -> None:
        sent.append(message)

    await RequestContextMiddleware(broken, FAILURE, UNTRACED)(REQUEST, nothing, send)

    assert sent[0]["status"] == 500
    assert b"x-request-id" in dict(sent[0]["headers"])
    assert sent[1]["body"] == b"failed"


async def test_an_error_in_the_middle_of_an_answer_breaks_it_off() -> None:
    """What has begun cannot be answered otherwise."""
    sent: list[Message] = []

    async def half_done(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError(f"{scope['type']} {receive}")

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(RuntimeError):
        await RequestContextMiddleware(half_done, FAILURE, UNTRACED)(REQUEST, nothing, send)

    assert len(sent) == 1


async def test_what_is_no_request_passes_through() -> None:
    """The start and the end of the process are none of its business."""
    seen: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(f"{scope['type']} {receive is nothing} {send is None}")

    async def send(message: Message) -> None:
        raise AssertionError(message)

    await RequestContextMiddleware(inner, FAILURE, UNTRACED)({"type": "lifespan"}, nothing, send)

    assert seen == ["lifespan True False"]


@pytest.mark.parametrize(
    ("length", "status"), [(b"10", 200), (b"11", 413), (b"many", 200), (None, 200)]
)
async def test_a_body_that_says_it_is_too_large_is_refused(
    length: bytes | None, status: int
) -> None:
    """The refusal is the one that was prepared; what does not say its length is let in."""
    sent: list[Message] = []
    headers = [(b"content-length", length)] if length else []
    limited = BodyLimitMiddleware(PlainTextResponse("in"), PlainTextResponse("out", 413), 10)

    async def send(message: Message) -> None:
        sent.append(message)

    await limited({**REQUEST, "headers": headers}, nothing, send)

    assert sent[0]["status"] == status
