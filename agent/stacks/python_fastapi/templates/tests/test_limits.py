"""Limits: counted in Redis by all instances, by each alone where Redis is away."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

import pytest
from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr
from redis.asyncio import Redis

from src.core.config import Settings
from src.core.exceptions import TooManyRequests
from src.core.limits import Limit, RateLimit
from src.core.redis import Shared, open_redis

NOWHERE = "redis://127.0.0.1:1/0"
FEW = {"rate_limit_address_burst": 3, "rate_limit_address_per_second": 0.2}

type Instance = Callable[[str], AbstractAsyncContextManager[AsyncClient]]


@pytest.fixture
def instance(settings: Settings) -> Instance:
    """Starts an instance that lets few requests through, and talks to it from an address."""
    from src.main import create_app

    @asynccontextmanager
    async def start(address: str) -> AsyncIterator[AsyncClient]:
        app = create_app(settings.model_copy(update=FEW))
        transport = ASGITransport(app=app, client=(address, 1))
        async with (
            app.router.lifespan_context(app),
            AsyncClient(transport=transport, base_url="http://service") as client,
        ):
            yield client

    return start


@pytest.fixture
async def shared(settings: Settings) -> AsyncIterator[Shared]:
    """The Redis of all instances."""
    async with open_redis(settings) as redis:
        yield Shared(redis)


async def admitted(limit: RateLimit, name: str, most: int) -> tuple[int, float]:
    """How many of so many requests in a row are admitted, and when to come back."""
    for number in range(most):
        try:
            await limit.admit(name)
        except TooManyRequests as error:
            return number, error.retry_after
    return most, 0


async def test_an_address_is_refused_by_every_instance(instance: Instance) -> None:
    """What one has admitted counts for the other; the answer says when to come back."""
    address = uuid4().hex
    async with instance(address) as one, instance(address) as other:
        first = [(await one.get("/openapi.json")).status_code for _ in range(3)]
        second = await other.get("/openapi.json")

    assert first == [200, 200, 200]
    assert second.status_code == 429
    assert 1 <= int(second.headers["Retry-After"]) <= 5
    assert "X-Request-Id" in second.headers


async def test_other_addresses_and_probes_are_answered(instance: Instance) -> None:
    """The limit is each address's own, and not for those who watch over the service."""
    async with instance(uuid4().hex) as one, instance(uuid4().hex) as other:
        asked = [(await one.get("/openapi.json")).status_code for _ in range(4)]
        live = await one.get("/health/live")
        elsewhere = await other.get("/openapi.json")

    assert asked[-1] == 429
    assert live.status_code == elsewhere.status_code == 200


async def test_never_more_than_the_limit_is_admitted(shared: Shared) -> None:
    """Instances take tokens in advance, from the same bucket."""
    name, limit = uuid4().hex, Limit(burst=100, per_second=0.01)
    instances = [RateLimit(shared, "test", limit) for _ in range(3)]
    in_turn = [await admitted(instances[turn % 3], name, 7) for turn in range(30)]

    assert 80 <= sum(number for number, _ in in_turn) <= 100
    assert (await admitted(RateLimit(shared, "other", limit), name, 7))[0] == 7


async def test_without_redis_an_instance_keeps_the_limit_alone() -> None:
    """Neither is everything refused nor everything let through."""
    async with Redis.from_url(NOWHERE) as store:
        limit = RateLimit(Shared(store), "test", Limit(burst=5, per_second=0.5))

        assert await admitted(limit, "somebody", 10) == (5, 2)
        assert (await admitted(limit, "somebody", 10))[0] == 0
        assert (await admitted(limit, "somebody else", 3))[0] == 3


async def test_too_many_callers_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded, whoever asks."""
    monkeypatch.setattr("src.core.limits._KNOWN", 2)
    async with Redis.from_url(NOWHERE) as store:
        limit = RateLimit(Shared(store), "test", Limit(burst=1, per_second=0.5))
        for name in ("first", "second", "third"):
            await limit.admit(name)

        assert (await admitted(limit, "third", 1))[0] == 0
        assert (await admitted(limit, "first", 1))[0] == 1


async def test_the_service_goes_on_without_redis(settings: Settings) -> None:
    """Without Redis requests are answered, and readiness tells that it is away."""
    from src.main import create_app

    app = create_app(settings.model_copy(update={"redis_url": SecretStr(NOWHERE)}))
    transport = ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=transport, base_url="http://service") as client,
    ):
        live, document = await client.get("/health/live"), await client.get("/openapi.json")
        ready = await client.get("/health/ready")

    assert live.status_code == document.status_code == 200
    assert ready.status_code == 503
