"""What all instances know together, in Redis: how often somebody asked, and what was answered."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace

from pydantic import BaseModel
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from src.core.exceptions import Forgetful, Hasty

_SECOND = 1.0
_AT_WORK = 30
_DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Answer:
    """What a request under a key was answered."""

    request: str
    """The digest of the request's body."""
    status: int = 0
    """0 as long as it is at work."""
    kind: str = ""
    text: str = ""


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
        """One more request in this window of four seconds; raises `Hasty` after enough of them."""
        window, left = divmod(time.time(), 4)
        key = f"pace:{who}:{window:.0f}"
        try:
            seen = await self._redis.incr(key)
            if seen == 1:
                await self._redis.expire(key, 8)
        except (RedisError, OSError):
            return
        if seen > self._pace:
            raise Hasty("slow down", seconds=int(4 - left) + 1)

    async def remembered(self, what: str, make: Callable[[], Awaitable[BaseModel]]) -> str:
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

    async def claim(self, name: str, digest: str) -> Answer | None:
        """What is known of this key; nothing for who asks first, who has it then.

        Raises `Forgetful` without Redis: a second time is worse than none.
        """
        try:
            mine = json.dumps(asdict(Answer(digest)))
            if await self._redis.set(f"once:{name}", mine, nx=True, ex=_AT_WORK):
                return None
            known = await self._redis.get(f"once:{name}")
        except (RedisError, OSError) as error:
            raise Forgetful("keys cannot be looked up at the moment") from error
        return Answer(**json.loads(known)) if known else Answer(digest)

    async def settle(self, name: str, digest: str, answer: Answer) -> None:
        """Keep a success for a day, and forget everything else: it may be tried again."""
        try:
            if 200 <= answer.status < 300:
                kept = json.dumps(asdict(replace(answer, request=digest)))
                await self._redis.set(f"once:{name}", kept, ex=_DAY)
            else:
                await self._redis.delete(f"once:{name}")
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
