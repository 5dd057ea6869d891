"""More requests than can be served."""

import asyncio

from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from src.core.crowds import Crowds


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers after a moment."""
    await asyncio.sleep(0.05)
    await PlainTextResponse("done")(scope, receive, send)


async def asked(crowds: Crowds, path: str = "/api/notes") -> int:
    """The status of the answer."""
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        statuses.append(message.get("status", 0))

    await crowds({"type": "http", "method": "GET", "path": path, "headers": []}, receive, send)
    return statuses[0]


async def test_one_too_many_is_sent_away() -> None:
    crowds = Crowds(slow, most=2)
    assert sorted(await asyncio.gather(*(asked(crowds) for _ in range(3)))) == [200, 200, 503]
    assert await asked(crowds) == 200


async def test_what_takes_too_long_is_ended() -> None:
    crowds = Crowds(slow, most=1, seconds=0.01)
    assert await asked(crowds) == 503
    assert await asked(crowds, "/health/live") == 200
