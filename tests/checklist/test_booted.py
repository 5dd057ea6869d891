"""One service for all gates: booted once, asked in turn, and remembered."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from agent.checklist.booted import Bench
from agent.checklist.case import Case
from agent.checklist.running import NotRunning
from tests.checklist.conftest import CaseOf
from tools.postgres.server import Database


async def test_the_service_is_booted_once_and_asked_in_turn(good: Case, migrated: Database) -> None:
    bench = Bench(good, ready=migrated)
    at_once: list[int] = []
    inside = 0

    async def ask(path: str) -> int:
        nonlocal inside
        async with bench.turn() as booted:
            inside += 1
            at_once.append(inside)
            await booted.service.ask("GET", path)
            inside -= 1
            return booted.service.process.pid

    try:
        pids = await asyncio.gather(ask("/health/live"), ask("/api/notes"), ask("/nowhere"))
    finally:
        await bench.close()
    assert len(set(pids)) == 1
    assert at_once == [1, 1, 1]
    assert [one.told for one in bench.record.seen] == [
        "GET /health/live → 200",
        "GET /api/notes → 401",
        "GET /nowhere → 404",
    ]


async def test_a_service_that_ended_is_booted_again(good: Case, migrated: Database) -> None:
    bench = Bench(good, ready=migrated)
    try:
        async with bench.turn() as first:
            os.kill(first.service.process.pid, signal.SIGKILL)
            while first.service.process.running:
                await asyncio.sleep(0.01)
        async with bench.turn() as second:
            assert (await second.service.ask("GET", "/health/live")).status == 200
    finally:
        await bench.close()
    assert not second.service.process.running


async def test_a_service_that_cannot_start_says_so_to_everyone(case_of: CaseOf, migrated: Database) -> None:
    bench = Bench(case_of({"src/main.py": 'app = 1\nraise RuntimeError("no service today")\n'}), ready=migrated)
    try:
        for _ in range(2):
            with pytest.raises(NotRunning, match="no service today"):
                async with bench.turn():
                    raise AssertionError
    finally:
        await bench.close()
