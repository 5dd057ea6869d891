"""Bursts: requests as from chosen addresses, until one is refused."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from agent.checklist.probe.requests import Request
from agent.checklist.record import Record
from agent.checklist.running import Running
from agent.checklist.sharing.bursts import addresses, burst, from_one
from agent.contract.model import Operation

Serve = Callable[[int], AbstractAsyncContextManager[tuple[Running, Counter[str]]]]
"""A service that admits so many requests from each address → it, and what it was asked."""


async def _head(reader: asyncio.StreamReader) -> bytes:
    """The head of the next request, empty after the last one."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        return await reader.readuntil(b"\r\n\r\n")
    return b""


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    @asynccontextmanager
    async def serving(most: int) -> AsyncIterator[tuple[Running, Counter[str]]]:
        seen: Counter[str] = Counter()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while head := await _head(reader):
                address = head.partition(b"X-Forwarded-For: ")[2].partition(b"\r\n")[0].decode()
                seen[address] += 1
                status = b"200 OK" if seen[address] <= most else b"429 Too Many Requests\r\nRetry-After: 7"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")
            writer.close()

        server = await asyncio.start_unix_server(answer, tmp_path / "s")
        async with server:
            asked = SimpleNamespace(socket=tmp_path / "s", record=Record())
            yield cast(Running, asked), seen

    return serving


@pytest.fixture
def request_of(things: Operation) -> Request:
    return Request(operation=things, base_path="/v1")


@pytest.fixture
def things() -> Operation:
    return cast(Operation, SimpleNamespace(method="get", path="/things", key="GET /things"))


async def test_a_burst_ends_with_the_first_refusal(serve: Serve, request_of: Request) -> None:
    async with serve(50) as (service, seen):
        found = await burst(service, request_of, from_one("10.0.0.1"), most=500, seconds=20.0)
        assert found.admitted == 50
        assert found.refused is not None
        assert found.refused.headers["Retry-After"] == "7"
        assert seen.keys() == {"10.0.0.1"}
        assert [one.reply.status for one in service.record.seen] == [429]


async def test_addresses_are_told_apart(serve: Serve, request_of: Request) -> None:
    async with serve(50) as (service, seen):
        found = await burst(service, request_of, addresses(random.Random(3)), most=200, seconds=20.0)
        assert (found.admitted, found.refused) == (200, None)
        assert seen.total() == 200


async def test_a_service_that_is_gone_admits_nothing(tmp_path: Path, request_of: Request) -> None:
    gone = cast(Running, SimpleNamespace(socket=tmp_path / "none", record=Record()))
    found = await burst(gone, request_of, from_one("10.0.0.1"), most=5, seconds=5.0)
    assert (found.admitted, found.refused) == (0, None)


def test_addresses_differ() -> None:
    assert len(set(islice(addresses(random.Random(1)), 200))) == 200
