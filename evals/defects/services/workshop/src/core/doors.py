"""So many are let in at a time, each for so long; all others are sent away at once."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from src.core.exceptions import Crowded
from src.core.problems import of_problem

ALWAYS_OPEN = ("/livez", "/readyz", "/metrics")


def doors(app: ASGIApp, places: int = 40, seconds: float = 6.0) -> ASGIApp:
    """The application behind doors that close when all places are taken."""
    inside = 0

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal inside
        if scope["type"] != "http" or scope["path"] in ALWAYS_OPEN:
            return await app(scope, receive, send)
        if inside >= places:
            return await of_problem(Crowded("all places are taken"))(scope, receive, send)
        inside += 1
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            async with asyncio.timeout(seconds):
                await app(scope, receive, answer)
        except TimeoutError:
            if not begun:
                await of_problem(Crowded("this takes too long"))(scope, receive, send)
        finally:
            inside -= 1

    return guarded
