"""Requests that come again, and requests that come all at once."""

import asyncio
import uuid

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from src.core.doors import doors
from src.core.exceptions import Forgetful
from src.shared import Answer, Board
from tests.conftest import Neighbour
from tests.test_lending import SAW
from tests.test_members import ANN
from tests.test_shared import NOWHERE


class TestKeys:
    """Idempotency-Key."""

    async def ask(
        self, who: Neighbour, method: str, path: str, key: str, **body: object
    ) -> httpx.Response:
        headers = who.headers | {"Idempotency-Key": key}
        return await who.http.request(method, path, headers=headers, json=body or None)

    async def tools(self, who: Neighbour) -> list[str]:
        page = (await who.http.get("/tools")).json()
        return [one["title"] for one in page["items"]]

    async def test_again(self, ada: Neighbour) -> None:
        key = uuid.uuid4().hex
        first = await self.ask(ada, "POST", "/tools", key, **SAW)
        again = await self.ask(ada, "POST", "/tools", key, **SAW)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["content-type"] == "application/json"
        assert await self.tools(ada) == ["Saw"]

    async def test_at_once(self, ada: Neighbour) -> None:
        key = uuid.uuid4().hex
        asked = (self.ask(ada, "POST", "/tools", key, **SAW) for _ in range(4))
        assert {one.status_code for one in await asyncio.gather(*asked)} <= {201, 409}
        assert await self.tools(ada) == ["Saw"]

    async def test_something_else(self, ada: Neighbour) -> None:
        key = uuid.uuid4().hex
        assert (await self.ask(ada, "POST", "/tools", key, **SAW)).status_code == 201
        other = await self.ask(ada, "POST", "/tools", key, **SAW | {"title": "Axe"})
        assert (other.status_code, other.json()["type"]) == (422, "urn:workshop:unlike")

    async def test_another_member(self, ada: Neighbour, bob: Neighbour) -> None:
        key = uuid.uuid4().hex
        mine = await self.ask(ada, "POST", "/tools", key, **SAW)
        theirs = await self.ask(bob, "POST", "/tools", key, **SAW)
        assert mine.json()["ownerId"] != theirs.json()["ownerId"]

    async def test_after_a_refusal(self, ada: Neighbour) -> None:
        key = uuid.uuid4().hex
        assert (await self.ask(ada, "POST", "/tools", key, title="Axe")).status_code == 422
        assert (await self.ask(ada, "POST", "/tools", key, **SAW)).status_code == 201

    async def test_withdrawn_twice(self, ada: Neighbour) -> None:
        saw = (await self.ask(ada, "POST", "/tools", uuid.uuid4().hex, **SAW)).json()["id"]
        key = uuid.uuid4().hex
        twice = [await self.ask(ada, "DELETE", f"/tools/{saw}", key) for _ in range(2)]
        assert [(one.status_code, one.text) for one in twice] == [(204, "")] * 2

    async def test_sessions_are_not_kept(self, http: httpx.AsyncClient) -> None:
        await http.post("/members", json=ANN)
        login = {name: ANN[name] for name in ("email", "password")}
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        first = await http.post("/sessions", json=login, headers=headers)
        wrong = await http.post("/sessions", json=login | {"password": "no"}, headers=headers)
        assert (first.status_code, wrong.status_code) == (201, 401)

    async def test_without_redis(self) -> None:
        board = Board(NOWHERE, 1, 5)
        with pytest.raises(Forgetful):
            await board.claim("key", "digest")
        await board.settle("key", "digest", Answer("", 201))
        await board.close()


class TestDoors:
    """Crowds."""

    async def statuses(
        self, count: int, seconds: float = 1.0, path: str = "/v2/tools"
    ) -> list[int]:
        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.sleep(0.05)
            await PlainTextResponse("done")(scope, receive, send)

        guarded = doors(slow, places=2, seconds=seconds)

        async def ask() -> int:
            seen: list[int] = []

            async def receive() -> Message:
                return {"type": "http.request"}

            async def send(message: Message) -> None:
                seen.append(message.get("status", 0))

            scope = {"type": "http", "method": "GET", "path": path, "headers": []}
            await guarded(scope, receive, send)
            return seen[0]

        at_once = await asyncio.gather(*(ask() for _ in range(count)))
        return [*at_once, await ask()]

    async def test_one_too_many(self) -> None:
        *at_once, afterwards = await self.statuses(3)
        assert sorted(at_once) == [200, 200, 503]
        assert afterwards == 200

    async def test_too_long(self) -> None:
        assert await self.statuses(1, seconds=0.01) == [503, 503]

    async def test_probes_are_always_let_in(self) -> None:
        assert await self.statuses(3, path="/livez") == [200] * 4
