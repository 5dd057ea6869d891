"""Nothing in a request tells the judge from a usual caller, whichever probe sends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from agent.checklist.load import press
from agent.checklist.probe.fuzzing import Target
from agent.checklist.probe.fuzzing_apart import fuzzer
from agent.checklist.probe.requests import Request
from agent.checklist.probe.wire import on_the_wire, plain
from agent.checklist.running import CALLERS, HOST, ORIGIN
from agent.contract.model import Contract

_ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def listening(socket: Path) -> AsyncIterator[list[httpx.Headers]]:
    """A server that remembers the headers of all requests and knows nothing."""
    seen: list[httpx.Headers] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:-2]
                pairs = (line.partition(": ") for line in head)
                seen.append(httpx.Headers([(name, value) for name, _, value in pairs]))
                await reader.readexactly(int(seen[-1].get("content-length", 0)))
                writer.write(_ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async with await asyncio.start_unix_server(serve, socket):
        yield seen


@pytest.fixture
def request_for(contract: Contract) -> Request:
    return Request(contract.operation("GET /notes"), contract.base_path)


def assert_usual(seen: list[httpx.Headers]) -> None:
    assert seen
    assert {one["host"] for one in seen} == {HOST}
    assert {one["user-agent"] for one in seen} <= set(CALLERS)
    named = {name for one in seen for name in one}
    assert not [name for name in named if "schemathesis" in name or "probe" in name or "test" in name]


async def test_load_and_bursts_look_like_usual_callers(request_for: Request, tmp_path: Path) -> None:
    socket = tmp_path / "service"
    async with listening(socket) as seen:
        await press(socket, on_the_wire(request_for), connections=2, seconds=0.1)
        await press(socket, plain("GET", "/health", {}), connections=1, seconds=0.1)
    assert_usual(seen)


async def test_fuzzing_looks_like_a_usual_caller(contract: Contract, tmp_path: Path) -> None:
    socket = tmp_path / "service"
    creating = replace(Request(contract.operation("POST /notes"), contract.base_path), media_type="application/json")
    async with listening(socket) as seen, fuzzer(contract) as fuzzing:
        await fuzzing.fuzz(socket, [Target(creating, 1.0)], seconds=0.5, seed=7)
    assert_usual(seen)


def test_single_requests_and_lines_to_paste_name_the_same_host(request_for: Request) -> None:
    assert f"http://{HOST}" == ORIGIN
    assert httpx.Client(base_url=ORIGIN).build_request("GET", "/").headers["host"] == HOST
    assert request_for.curl().endswith(f"{ORIGIN}/api/notes")


def test_bytes_carry_what_the_request_carries(request_for: Request) -> None:
    request = replace(request_for, credentials={"Authorization": "Bearer abc"}, query={"page": 2})
    first, *lines = on_the_wire(request).decode().split("\r\n")
    assert first == "GET /api/notes?page=2 HTTP/1.1"
    assert "Authorization: Bearer abc" in lines
    assert on_the_wire(request, {"X-A": "b"}, b"{}").endswith(b"X-A: b\r\nContent-Length: 2\r\n\r\n{}")
