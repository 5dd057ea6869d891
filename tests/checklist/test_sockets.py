"""Requests over a unix socket: answered, refused and given up in the words of httpx, and quiet when stopped."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.checklist.sockets import SocketTransport

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nwell"
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nfar"


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """A service that says nothing by itself."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.bind(str(tmp_path / "service.sock"))
        made.listen(1)
        made.setblocking(False)
        yield made


def client(listener: socket.socket, seconds: float = 60.0) -> httpx.AsyncClient:
    path = Path(listener.getsockname())
    return httpx.AsyncClient(transport=SocketTransport(path), base_url="http://localhost:8000", timeout=seconds)


async def accepted(listener: socket.socket, ends: bytes = b"\r\n\r\n") -> socket.socket:
    """The connection of a request whose head has come."""
    loop, received = asyncio.get_running_loop(), b""
    peer, _ = await loop.sock_accept(listener)
    while ends not in received:
        received += await loop.sock_recv(peer, 1 << 16)
    return peer


async def test_a_request_is_answered(listener: socket.socket) -> None:
    async with client(listener) as asking:
        reply = asyncio.create_task(asking.get("/notes"))
        with await accepted(listener) as peer:
            peer.sendall(ANSWER)
            assert (await reply).text == "well"


async def test_a_request_that_is_stopped_just_when_its_answer_comes_makes_no_noise(listener: socket.socket) -> None:
    """The answer is seen in the same round of the loop in which the request is cancelled, and after that."""
    said: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: said.append(context))
    async with client(listener) as asking:
        request = asyncio.create_task(asking.get("/notes"))
        with await accepted(listener) as peer:
            for _ in range(20):
                await asyncio.sleep(0)  # until it waits for its answer, and for nothing else
            peer.sendall(ANSWER)
            loop.call_soon(request.cancel)
            with pytest.raises(asyncio.CancelledError):
                await request
    assert said == []


async def test_nobody_listens(tmp_path: Path) -> None:
    transport = SocketTransport(tmp_path / "nobody.sock")
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as asking:
        with pytest.raises(httpx.ConnectError):
            await asking.get("/notes")


async def test_an_answer_that_does_not_come_is_not_waited_for(listener: socket.socket) -> None:
    async with client(listener, seconds=0.05) as asking:
        with pytest.raises(httpx.ReadTimeout):
            await asking.get("/notes")


async def test_a_connection_that_breaks_is_an_error(listener: socket.socket) -> None:
    async with client(listener) as asking:
        request = asyncio.create_task(asking.get("/notes"))
        (await accepted(listener)).close()
        with pytest.raises(httpx.RemoteProtocolError):
            await request


async def test_a_refusal_is_read_though_the_body_was_not_taken(listener: socket.socket) -> None:
    async with client(listener) as asking:
        request = asyncio.create_task(asking.post("/notes", content=b"x" * (8 << 20)))
        with await accepted(listener) as peer:
            peer.sendall(TOO_LARGE)
        reply = await request
    assert (reply.status_code, reply.text) == (413, "far")


async def test_who_has_to_wait_to_be_accepted_is_accepted_in_the_end(listener: socket.socket) -> None:
    async with client(listener) as asking:
        requests = [asyncio.create_task(asking.get("/notes")) for _ in range(8)]
        for _ in requests:
            with await accepted(listener) as peer:
                peer.sendall(ANSWER)
        replies = await asyncio.gather(*requests)
    assert [reply.text for reply in replies] == ["well"] * 8
