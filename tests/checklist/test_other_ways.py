"""A service that lies elsewhere, and finds its database and its Valkey by settings of its own."""

from __future__ import annotations

from collections.abc import Mapping

from agent.checklist.booted import Bench
from agent.checklist.running import running
from tests.checklist.conftest import GOOD, CaseOf
from tools.postgres.server import Database

_ELSEWHERE = """\
import os
import asyncpg
from fastapi import FastAPI
from redis.asyncio import Redis

HOST, PORT = os.environ["DB_HOST"], int(os.environ.get("DB_PORT", "5432"))
service = FastAPI()


@service.get("/database")
async def database() -> str:
    who = {"user": os.environ["DB_USER"], "password": os.environ["DB_PASSWORD"]}
    connection = await asyncpg.connect(host=HOST, port=PORT, database=os.environ["DB_NAME"], **who)
    try:
        return await connection.fetchval("SELECT current_database()")
    finally:
        await connection.close()


@service.get("/valkey")
async def valkey() -> bool:
    client = Redis(host=os.environ["REDIS_HOST"], port=int(os.getenv("REDIS_PORT", "6379")))
    return await client.set("key", "value")
"""
_OTHERS: Mapping[str, str | None] = {
    **{str(file.relative_to(GOOD)): None for file in GOOD.rglob("*.py") if file.is_relative_to(GOOD / "src")},
    ".env.example": None,
    "shop/web.py": _ELSEWHERE,
}


async def test_it_is_started_where_it_lies_and_led_to_its_database(case_of: CaseOf, migrated: Database) -> None:
    bench = Bench(case_of(_OTHERS), ready=migrated)
    try:
        async with bench.migrated() as database, running(bench.case, database.access) as service:
            assert "shop.web:service" in service.command.command
            assert service.command.database_settings[:2] == ("DATABASE_URL", "DB_HOST")  # migrations read an address
            answer = await service.ask("GET", "/database")
            assert (await service.ask("GET", "/valkey")).text == "true", "without a password of its own"
            assert answer.text == f'"{database.database.name}"'
    finally:
        await bench.close()
