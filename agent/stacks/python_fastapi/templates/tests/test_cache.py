"""Answers that are kept for everybody, and forgotten by writes."""

from collections import Counter
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from fastapi import APIRouter, FastAPI
from httpx import ASGITransport, AsyncClient
from redis.asyncio import Redis

from src.api.caching import kept, writing
from src.api.errors import install_error_handlers
from src.api.routing import Route, add_routes
from src.core.cache import Cache
from src.core.config import Settings
from src.core.exceptions import Conflict, NotFound
from src.core.redis import Shared, open_redis

router = APIRouter(route_class=Route)
made: Counter[str] = Counter()


@router.get("/things/{name}")
@kept
async def read(name: str) -> dict[str, int]:
    """How often it was called."""
    made[name] += 1
    if name.startswith("missing"):
        raise NotFound
    return {"made": made[name]}


@router.put("/things/{name}")
@writing
async def write(name: str) -> str:
    """Stores nothing, or refuses to."""
    if name.startswith("refused"):
        raise Conflict
    return name


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    """The Redis of all instances."""
    async with open_redis(settings) as redis:
        yield redis


def instance(redis: Redis, seconds: int = 30) -> AsyncClient:
    """Talks to one more instance."""
    app = FastAPI()
    app.state.cache = Cache(Shared(redis), seconds)
    install_error_handlers(app)
    add_routes(app, router)
    return AsyncClient(transport=ASGITransport(app=app), base_url="http://service")


async def test_an_answer_is_given_again_until_something_is_written(redis: Redis) -> None:
    """By every instance, to the same query alone."""
    path = f"/things/{uuid4().hex}"
    one, other = instance(redis), instance(redis)
    first = [(await client.get(path)).json()["made"] for client in (one, one, other)]
    different = (await one.get(f"{path}?page=2")).json()["made"]
    await other.put(path)
    afterwards = [(await client.get(path)).json()["made"] for client in (one, other)]

    assert first == [1, 1, 1]
    assert different == 2
    assert afterwards == [3, 3]


async def test_a_kept_answer_is_like_the_first(redis: Redis) -> None:
    """The media type and the length are the same."""
    path, client = f"/things/{uuid4().hex}", instance(redis)
    first, again = await client.get(path), await client.get(path)

    assert again.content == first.content
    assert dict(again.headers) == dict(first.headers)


async def test_a_refused_write_changes_nothing(redis: Redis) -> None:
    """What was kept is as good as before."""
    path, client = f"/things/{uuid4().hex}", instance(redis)
    await client.get(path)
    refused = await client.put("/things/refused")

    assert refused.status_code == 409
    assert (await client.get(path)).json() == {"made": 1}


@pytest.mark.parametrize("name", ["missing", "x" * 600])
async def test_some_answers_are_not_kept(redis: Redis, name: str) -> None:
    """Errors, and what has too long a name."""
    client, called = instance(redis), made[name]
    for _ in range(2):
        await client.get(f"/things/{name}")

    assert made[name] == called + 2


async def test_nothing_is_kept_where_the_settings_say_so(redis: Redis) -> None:
    """No second is no cache."""
    path, client = f"/things/{uuid4().hex}", instance(redis, seconds=0)
    answers = [(await client.get(path)).json()["made"] for _ in range(2)]
    await client.put(path)

    assert answers == [1, 2]


async def test_without_redis_every_answer_is_made() -> None:
    """Reads and writes go on."""
    async with Redis.from_url("redis://127.0.0.1:1/0") as nowhere:
        path, client = f"/things/{uuid4().hex}", instance(nowhere)
        answers = [(await client.get(path)).json()["made"] for _ in range(2)]
        written = await client.put(path)

    assert answers == [1, 2]
    assert written.status_code == 200
