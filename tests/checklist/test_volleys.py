"""One request several times at the same moment, answered and recorded like any other."""

from __future__ import annotations

import random
import time

import valkey

from agent.checklist.booted import Bench
from agent.checklist.case import Case
from agent.checklist.databases import redis_seen_here
from agent.checklist.probe.asking import Asker
from agent.checklist.probe.fitting import store_of
from agent.checklist.probe.volleys import at_once, held
from tools.postgres.server import Database
from tools.valkey.server import valkey_server


def test_whichever_server_it_is_it_answers_nobody_meanwhile() -> None:
    """The time is that of the server's processor: whoever is asked on a busy machine waits longer, never less."""
    with valkey_server() as server, valkey.Valkey.from_url(url := server.url(server.socket_folder)) as client:
        client.ping()
        started = time.perf_counter()
        with held(url):
            time.sleep(0.001)
            client.ping()
            waited = time.perf_counter() - started
    assert waited > 0.02


async def test_each_is_answered_and_recorded_while_redis_is_held(good: Case, migrated: Database) -> None:
    bench = Bench(good, ready=migrated)
    try:
        async with bench.turn() as booted:
            with good.server.connect(booted.database.database) as connection:
                asker = Asker(good.contract, booted.service, store_of(good, connection), random.Random(1))
                body = {"email": "at-once@example.com", "password": "Aa1!correct horse"}
                request = asker.request(
                    good.contract.operation("POST /auth/register"), caller=None, path_values={}, body=body
                )
                replies = await at_once(booted.service, request, 3, redis_seen_here(booted.database.access))
    finally:
        await bench.close()
    assert sorted(reply.status for reply in replies) == [201, 409, 409]
    assert all(reply.media_type == "application/json" and reply.text.startswith("{") for reply in replies)
    assert sorted(one.told for one in bench.record.seen) == sorted(
        f"POST /api/auth/register → {reply.status}" for reply in replies
    )
