"""Leaky buckets in Redis: how often an address and a user may ask."""

import logging
from math import ceil
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from src.core.exceptions import TooMany

_log = logging.getLogger(__name__)
_POUR = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local longest = 0
for number, key in ipairs(KEYS) do
    local size, every = tonumber(ARGV[2 * number - 1]), 1000 / tonumber(ARGV[2 * number])
    local empty = math.max(tonumber(redis.call('GET', key) or now), now) + every
    if empty - now > size * every then
        longest = math.max(longest, empty - now - size * every)
    else
        redis.call('SET', key, empty, 'PX', math.ceil(empty - now) + 1000)
    end
end
return math.ceil(longest)
"""


class Limits:
    """Counts requests; when Redis is away, it lets them pass."""

    def __init__(self, redis: Redis, address: int, user: int) -> None:
        self._pour = redis.register_script(_POUR)
        self._address, self._user = address, user

    async def admit(self, address: str, user: UUID | None) -> None:
        """Pour one request into both buckets; raises `TooMany` when one is full."""
        keys, sizes = [f"address:{address}"], [self._address]
        if user is not None:
            keys.append(f"user:{user}")
            sizes.append(self._user)
        try:
            wait = await self._pour(keys, [part for size in sizes for part in (size, size / 4)])
        except (RedisError, OSError):
            _log.warning("Redis is away, nobody is limited")
            return
        if wait:
            raise TooMany(ceil(wait / 1000))
