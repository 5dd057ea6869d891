"""What all instances know together, in Redis: how often somebody asked, and what was answered."""

import time
from collections.abc import Awaitable, Callable

from pydantic import BaseModel
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from src.core.exceptions import Hasty

_SECOND = 1.0


class Board:
    """A notice board that may fall down: then nobody is counted, and nothing is remembered."""

    def __init__(self, url: str, pace: int, seconds: int) -> None:
        self._redis = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=_SECOND,
            socket_connect_timeout=_SECOND,
            retry=Retry(NoBackoff(), 1),
        )
        self._pace, self._seconds = pace, seconds

    async def count(self, who: str) -> None:
        """One more request in this window of four seconds; raises `Hasty` when there were enough."""
        window, left = divmod(time.time(), 4)
        key = f"pace:{who}:{window:.0f}"
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.incr(key)
                pipeline.expire(key, 8)
                seen, _ = await pipeline.execute()
        except (RedisError, OSError):
            return
        if seen > self._pace:
            raise Hasty("slow down", seconds=int(4 - left) + 1)

    async def remembered(
        self, what: str, make: Callable[[], Awaitable[BaseModel]]
    ) -> str:
        """JSON as it was made a moment ago, since when nothing has changed."""
        if not self._seconds:
            return (await make()).model_dump_json()
        try:
            changes = str(await self._redis.get("changes") or "0")
            key = f"page:{changes}:{what}"
            known = await self._redis.get(key)
        except (RedisError, OSError):
            return (await make()).model_dump_json()
        if known is None:
            known = (await make()).model_dump_json()
            await self._put(key, known)
        return str(known)

    async def changed(self) -> None:
        """What was made before is not as things are."""
        try:
            await self._redis.incr("changes")
        except (RedisError, OSError):
            return

    async def close(self) -> None:
        """At the end."""
        await self._redis.aclose()

    async def _put(self, key: str, text: str) -> None:
        try:
            await self._redis.set(key, text, ex=self._seconds)
        except (RedisError, OSError):
            return
