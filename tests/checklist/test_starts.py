"""What hangs is waited for once, by whichever check; what ends by itself is started again."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from agent.checklist import running as module
from agent.checklist.booted import Bench
from agent.checklist.running import NotRunning, running
from agent.checklist.starts import Starts
from tests.checklist.conftest import GOOD, CaseOf
from tools.postgres.server import Database

_MAIN = (GOOD / "src/main.py").read_text()
_HANGS = 'import time\n\nprint("waiting for the licence server", flush=True)\ntime.sleep(10_000)\n'
_MIDDLEWARE = "    app.add_middleware(Repeats)\n"
_NEVER = f"""    import asyncio

    @app.middleware("http")
    async def never(request: object, call_next: object) -> None:
        await asyncio.sleep(10_000)

{_MIDDLEWARE}"""
_ENDS = 'raise RuntimeError("no service today")\n'


_ENDS_ONCE = """
import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

import asyncpg

async def first() -> bool:
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    try:
        await connection.execute("CREATE TABLE started ()")
    except asyncpg.DuplicateTableError:
        return False
    finally:
        await connection.close()
    return True

if ThreadPoolExecutor().submit(asyncio.run, first()).result():
    raise TimeoutError("the database was late")
"""

_SHORTLY = 5.0
"""Seconds in place of thirty."""


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start is not waited for as long."""
    monkeypatch.setattr(module, "_PATIENCE", _SHORTLY)


@pytest.mark.usefixtures("short")
async def test_a_start_that_hung_is_known_to_others(case_of: CaseOf, migrated: Database) -> None:
    case = case_of({"src/main.py": _HANGS + _MAIN})
    bench = Bench(case, ready=migrated)
    told: list[str] = []
    try:
        async with bench.migrated() as database:
            began = time.monotonic()
            for watched in (False, True, False):
                with pytest.raises(NotRunning, match="waiting for the licence server") as caught:
                    async with running(case, database.access, bench.record, starts=bench.starts, watched=watched):
                        raise AssertionError
                told.append(f"{caught.value} {caught.value.reproduce}")
            with pytest.raises(NotRunning, match="did not listen within 5 seconds"):
                async with bench.turn():
                    raise AssertionError
            assert time.monotonic() - began < 2.9 * _SHORTLY, "not each of the three waited"
    finally:
        await bench.close()
    assert len(set(told)) == 1
    assert "uvicorn src.main:app" in told[0]


@pytest.mark.usefixtures("short")
async def test_who_waits_at_the_same_time_is_told_at_once(case_of: CaseOf, migrated: Database) -> None:
    case = case_of({"src/main.py": _HANGS + _MAIN})
    bench = Bench(case, ready=migrated)

    async def start(after: float) -> float:
        await asyncio.sleep(after)
        with pytest.raises(NotRunning):
            async with running(case, database.access, starts=bench.starts):
                raise AssertionError
        return time.monotonic()

    try:
        async with bench.migrated() as database:
            first, second = await asyncio.gather(start(0.0), start(2.5))
    finally:
        await bench.close()
    assert second - first < 2.4


async def test_what_ends_by_itself_is_started_again(case_of: CaseOf, migrated: Database) -> None:
    case = case_of({"src/main.py": _ENDS + _MAIN})
    bench = Bench(case, ready=migrated)
    try:
        async with bench.migrated() as database:
            with pytest.raises(NotRunning, match="no service today"):
                async with running(case, database.access, starts=bench.starts):
                    raise AssertionError
            bench.starts.proceed()
    finally:
        await bench.close()


async def test_what_ends_once_on_a_busy_machine_is_running(case_of: CaseOf, migrated: Database) -> None:
    bench = Bench(case_of({"src/main.py": _ENDS_ONCE + _MAIN}), ready=migrated)
    try:
        async with bench.turn() as booted:
            assert (await booted.service.ask("GET", "/health/live")).status == 200
    finally:
        await bench.close()


def test_what_never_came_up_gets_few_chances_and_what_did_each_time_one() -> None:
    starts = Starts()
    assert [starts.once_more() for _ in range(4)] == [True, True, False, False]
    starts.listening()
    assert [starts.once_more() for _ in range(3)] == [True, True, True]


async def test_a_service_that_never_answers_is_asked_three_times(
    case_of: CaseOf, migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ANSWER_SECONDS", 1.0)
    bench = Bench(case_of({"src/main.py": _MAIN.replace(_MIDDLEWARE, _NEVER)}), ready=migrated)
    try:
        async with bench.turn() as booted:
            for _ in range(2):
                with pytest.raises(httpx.ReadTimeout):
                    await booted.service.ask("GET", "/health/live")
            with pytest.raises(NotRunning, match="asked in vain: GET /health/live, GET /health/live, GET /api/notes"):
                await booted.service.ask("GET", "/api/notes")
        with pytest.raises(NotRunning, match="gives no answer"):
            bench.starts.proceed()
    finally:
        await bench.close()


def test_what_came_up_before_is_not_known_to_hang() -> None:
    starts = Starts()
    starts.listening()
    with pytest.raises(NotRunning):
        starts.silent("it did not listen", "uvicorn")
    starts.proceed()


def test_what_answered_before_may_take_its_time() -> None:
    starts = Starts()
    starts.answered()
    for _ in range(5):
        starts.unanswered("GET /", "", "uvicorn")
    starts.proceed()
