"""A workshop with two neighbours; every test begins with an empty one."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from src.app import create_app
from src.core.config import Config

SECRET = "for-tests-" * 5
REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")


@dataclass
class Neighbour:
    """Somebody with a session."""

    http: httpx.AsyncClient
    headers: dict[str, str]

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask as this neighbour."""
        return await self.http.request(method, path, headers=self.headers, **options)


@pytest.fixture(scope="session", autouse=True)
def _migrated() -> None:
    root = Path(__file__).parents[1]
    environment = {**os.environ, "SECRET_KEY": SECRET}
    command = [sys.executable, "-B", "-m", "alembic", "upgrade", "head"]
    subprocess.run(command, cwd=root, env=environment, check=True)


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Nobody in particular."""
    url = os.environ["DATABASE_URL"]
    config = Config(database_url=url, secret_key=SECRET, redis_url=REDIS, pool_size=3)
    app = create_app(replace(config, pace=100_000, cache_seconds=0))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://workshop/v2"
        ) as client,
    ):
        yield client
    connection = await asyncpg.connect(url)
    await connection.execute("DELETE FROM members")
    await connection.close()


async def neighbour(http: httpx.AsyncClient, name: str) -> Neighbour:
    """A new member who is logged in."""
    login = {"email": f"{name}@example.org", "password": f"{name} has a long one"}
    joined = await http.post("/members", json={**login, "displayName": name})
    assert joined.status_code == 201, joined.text
    token = (await http.post("/sessions", json=login)).json()["accessToken"]
    return Neighbour(http, {"Authorization": f"Bearer {token}"})


@pytest_asyncio.fixture
async def ada(http: httpx.AsyncClient) -> Neighbour:
    """Lends."""
    return await neighbour(http, "ada")


@pytest_asyncio.fixture
async def bob(http: httpx.AsyncClient) -> Neighbour:
    """Borrows."""
    return await neighbour(http, "bob")
