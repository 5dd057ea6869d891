"""The load generator reads answers whole, and the probe knows a busy machine from a slow service."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checklist.load import Window, answer_end, percentile, press
from agent.checklist.performance import Measured, outcomes
from agent.checklist.processes import usage
from agent.receipts import Outcome

ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_ends_with_its_last_byte(answer: bytes) -> None:
    for cut in range(len(answer)):
        assert answer_end(bytearray(answer[:cut])) is None
    assert answer_end(bytearray(answer)) == len(answer)
    assert answer_end(bytearray(answer + b"HTTP/1.1 200")) == len(answer)


@given(st.binary(max_size=300))
def test_any_bytes_can_come_back(data: bytes) -> None:
    end = answer_end(bytearray(data))
    assert end is None or 0 < end <= len(data)


def test_95_of_100_took_at_most_the_percentile() -> None:
    assert percentile([one / 1000 for one in range(1, 101)], 0.95) == pytest.approx(96.0)
    assert percentile([], 0.95) is None


async def test_every_answer_of_a_server_is_counted(tmp_path: Path) -> None:
    asked = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while await reader.readline():
            while await reader.readline() != b"\r\n":
                pass
            asked += 1
            status = b"200 OK" if asked % 2 else b"500 Oh"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    socket = tmp_path / "s"
    async with await asyncio.start_unix_server(answer, socket):
        window = await press(socket, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", connections=3, seconds=0.2)
    assert window.requests == asked
    assert abs(len(window.latencies) - window.errors) <= 3
    assert window.errors > 0


async def test_a_server_that_is_not_there_fails_every_connection(tmp_path: Path) -> None:
    window = await press(tmp_path / "nobody", b"", connections=4, seconds=0.1)
    assert (window.requests, window.errors) == (4, 4)


def measured(
    answers: int, *, ran: float, queued: float = 0.0, latency: float = 0.01, errors: int = 0, slowdown: float = 1.0
) -> Measured:
    window = Window(1.0, (latency,) * answers, errors)
    return Measured(window, 60 << 20, ran, queued, failed=window.errors, asked=window.requests, slowdown=slowdown)


@pytest.mark.parametrize(
    ("one", "outcome"),
    [
        (measured(1200, ran=0.9), Outcome.MET),
        (measured(700, ran=0.6, queued=0.25), Outcome.MET),
        (measured(700, ran=0.8, queued=0.1), Outcome.UNCHECKED),
        (measured(600, ran=0.9, queued=0.05), Outcome.FAILED),
        (measured(600, ran=0.3), Outcome.FAILED),
        (measured(569, ran=0.78, queued=0.1), Outcome.FAILED),
        (measured(569, ran=0.78, queued=0.1, slowdown=1.5), Outcome.UNCHECKED),
        (measured(300, ran=0.9, queued=0.05, slowdown=5.0), Outcome.FAILED),
        (measured(569, ran=0.3, slowdown=1.5), Outcome.FAILED),
        (measured(300, ran=0.5, queued=0.5), Outcome.UNCHECKED),
        (measured(50, ran=0.5, queued=0.5), Outcome.FAILED),
    ],
    ids=[
        "fast",
        "fast alone",
        "too close",
        "slow",
        "idle and slow",
        "slow by itself",
        "slow among neighbours",
        "too slow for that",
        "idle in a crowd",
        "starved",
        "hopeless",
    ],
)
def test_throughput_is_judged_by_what_the_service_could_do(one: Measured, outcome: Outcome) -> None:
    assert outcomes(one)["PRF-RPS"] is outcome


def test_latency_is_left_open_only_where_the_machine_starves_the_service() -> None:
    assert outcomes(measured(300, ran=0.5, queued=0.5, latency=0.3))["PRF-P95"] is Outcome.UNCHECKED
    assert outcomes(measured(50, ran=0.1, latency=0.3))["PRF-P95"] is Outcome.FAILED
    assert outcomes(measured(50, ran=0.1, latency=0.1))["PRF-P95"] is Outcome.MET


def test_one_error_in_a_thousand_is_too_many() -> None:
    assert outcomes(measured(999, ran=0.9, errors=1))["PRF-ERR"] is Outcome.FAILED
    assert outcomes(measured(1999, ran=0.9, errors=1))["PRF-ERR"] is Outcome.MET


def test_a_process_uses_memory_and_processor_time() -> None:
    mine = usage(os.getpid())
    assert mine.resident_bytes > 10 << 20
    assert mine.cpu_seconds > 0
