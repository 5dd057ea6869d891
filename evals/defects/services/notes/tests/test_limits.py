"""Who asks too often is refused."""

import os
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from src.core.exceptions import TooMany
from src.core.limits import Limits


async def test_a_full_bucket_refuses() -> None:
    """The address has one, and the user has one, wherever they are."""
    async with Redis.from_url(os.environ["REDIS_URL"]) as redis:
        user, limits = uuid4(), Limits(redis, address=4, user=2)
        await limits.admit(uuid4().hex, user)
        await limits.admit(uuid4().hex, user)
        with pytest.raises(TooMany) as refused:
            await limits.admit(uuid4().hex, user)

        assert 1 <= refused.value.seconds <= 2
        await limits.admit(uuid4().hex, uuid4())


async def test_nobody_is_refused_without_redis(caplog: pytest.LogCaptureFixture) -> None:
    """The service works on, and says so."""
    nowhere = Redis.from_url("redis://127.0.0.1:1/0", retry=Retry(NoBackoff(), 0))
    async with nowhere as redis:
        limits = Limits(redis, address=1, user=1)
        for _ in range(3):
            await limits.admit("somewhere", None)

    assert caplog.messages == ["Redis is away, nobody is limited"] * 3
