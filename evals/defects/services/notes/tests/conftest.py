"""The whole service on a migrated database that every test finds empty."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from argon2 import PasswordHasher
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr

from src.core import security

os.environ.setdefault("JWT_SECRET", "a secret for tests alone, of forty letters")
os.environ.setdefault("REDIS_URL", "redis://localhost:6379/0")
os.environ.setdefault("DATABASE_URL", "postgresql://nobody@localhost/nothing")

# Hashes that are worth their cost would make most of what the tests cost.
security._HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture(scope="session")
def database_url() -> str:
    """The test database, brought to the newest migration."""
    command.upgrade(Config(Path(__file__).parents[1] / "alembic.ini"), "head")
    return os.environ["DATABASE_URL"]


@pytest.fixture(scope="session")
def app(database_url: str) -> FastAPI:
    """Made once, for that costs more than most tests; what it holds is new each time it runs."""
    from src.core.config import Settings
    from src.main import create_app

    return create_app(
        Settings(
            database_url=SecretStr(database_url),
            jwt_secret=SecretStr(os.environ["JWT_SECRET"]),
            redis_url=SecretStr(os.environ["REDIS_URL"]),
            rate_limit_address=100_000,
            rate_limit_user=100_000,
        )
    )


@pytest.fixture
async def client(app: FastAPI, database_url: str) -> AsyncIterator[AsyncClient]:
    """Talks to the service as nobody."""
    transport = ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=transport, base_url="http://service") as client,
    ):
        yield client
    connection = await asyncpg.connect(database_url)
    await connection.execute("TRUNCATE users CASCADE")
    await connection.close()


@pytest.fixture
async def user(client: AsyncClient) -> AsyncClient:
    """Talks to the service as a user."""
    body = {"email": "ann@example.com", "password": "long enough 1"}
    await client.post("/api/auth/register", json=body)
    token = (await client.post("/api/auth/login", json=body)).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client
