"""More requests than there are places for."""

import asyncio

from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from src.core.overload import OverloadMiddleware

REFUSAL = PlainTextResponse("full", 503)


class Slow:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.most = self.now = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Remember how many were here at the same time."""
        self.now += 1
        self.most = max(self.most, self.now)
        await self.go_on.wait()
        self.now -= 1
        await PlainTextResponse("done")(scope, receive, send)


async def status(app: OverloadMiddleware, path: str = "/things") -> int:
    """What a request is answered."""
    sent: list[Message] = []

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "method": "GET", "path": path, "headers": []}, nothing, send)
    return int(sent[0]["status"])


async def test_what_finds_no_place_is_refused_at_once() -> None:
    """Two are worked on, one waits for them, and the fourth is sent away before they end."""
    slow = Slow()
    app = OverloadMiddleware(slow, REFUSAL, at_work=2, waiting=1, patience=10)
    first = [asyncio.create_task(status(app)) for _ in range(3)]
    await asyncio.sleep(0)

    assert await status(app) == 503

    slow.go_on.set()
    assert await asyncio.gather(*first) == [200, 200, 200]
    assert slow.most == 2


async def test_nobody_waits_for_ever() -> None:
    """Whoever found no place in time is refused, and takes none from those who come later."""
    slow = Slow()
    app = OverloadMiddleware(slow, REFUSAL, at_work=1, waiting=1, patience=0.01)
    first = asyncio.create_task(status(app))
    await asyncio.sleep(0)

    assert await status(app) == 503

    slow.go_on.set()
    assert await first == 200
    assert await status(app) == 200


async def test_health_is_told_in_the_worst_overload() -> None:
    """Whoever asks for it decides about the service's life."""
    slow = Slow()
    app = OverloadMiddleware(slow, REFUSAL, at_work=1, waiting=0, patience=1)
    first = asyncio.create_task(status(app))
    await asyncio.sleep(0)
    health = asyncio.create_task(status(app, "/health/live"))
    await asyncio.sleep(0)

    slow.go_on.set()
    assert list(await asyncio.gather(first, health)) == [200, 200]


async def test_a_place_of_somebody_who_is_gone_is_given_to_the_next() -> None:
    """A request that was cancelled while it waited does not keep its turn."""
    slow = Slow()
    app = OverloadMiddleware(slow, REFUSAL, at_work=1, waiting=2, patience=10)
    first, gone, next_one = (asyncio.create_task(status(app)) for _ in range(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)

    slow.go_on.set()
    assert list(await asyncio.gather(first, next_one)) == [200, 200]
    assert await status(app) == 200
