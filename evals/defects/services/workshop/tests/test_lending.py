"""Tools and loans."""

import uuid

from tests.conftest import Neighbour

SAW = {"title": "Saw", "kind": "hand", "dailyPriceCents": 150}


async def offered(owner: Neighbour, **other: object) -> str:
    answer = await owner.ask("POST", "/tools", json=SAW | other)
    assert answer.status_code == 201, answer.text
    identifier: str = answer.json()["id"]
    return identifier


class TestTools:
    """/tools and /tools/{toolId}."""

    async def test_offer(self, ada: Neighbour) -> None:
        answer = await ada.ask("POST", "/tools", json=SAW | {"description": "sharp"})
        assert answer.status_code == 201
        assert answer.json() | SAW == answer.json()
        assert answer.json()["description"] == "sharp"

    async def test_offer_refused(self, ada: Neighbour) -> None:
        assert (await ada.http.post("/tools", json=SAW)).status_code == 401
        free = SAW | {"dailyPriceCents": -1}
        assert (await ada.ask("POST", "/tools", json=free)).status_code == 422

    async def test_browse(self, ada: Neighbour) -> None:
        first, second, third = [await offered(ada, title=name) for name in "abc"]
        page = (await ada.http.get("/tools", params={"pageSize": 2})).json()
        assert [one["id"] for one in page["items"]] == [first, second]
        rest = {"pageSize": 2, "cursor": page["nextCursor"]}
        page = (await ada.http.get("/tools", params=rest)).json()
        assert [one["id"] for one in page["items"]] == [third]
        assert page["nextCursor"] is None

    async def test_browse_by_kind(self, ada: Neighbour) -> None:
        await offered(ada)
        mower = await offered(ada, kind="garden")
        page = (await ada.http.get("/tools", params={"kind": "garden"})).json()
        assert [one["id"] for one in page["items"]] == [mower]
        assert (await ada.http.get("/tools", params={"kind": "toy"})).status_code == 422

    async def test_show(self, ada: Neighbour) -> None:
        saw = await offered(ada)
        answer = await ada.http.get(f"/tools/{saw}")
        assert answer.status_code == 200
        assert answer.json()["title"] == "Saw"
        assert (await ada.http.get(f"/tools/{uuid.uuid4()}")).status_code == 404
        assert (await ada.http.get("/tools/saw")).status_code == 422

    async def test_replace(self, ada: Neighbour, bob: Neighbour) -> None:
        path = f"/tools/{await offered(ada, description='sharp')}"
        answer = await ada.ask("PUT", path, json=SAW | {"title": "Axe"})
        assert answer.status_code == 200
        assert answer.json()["title"] == "Axe"
        assert answer.json()["description"] is None
        assert (await bob.ask("PUT", path, json=SAW)).status_code == 403
        assert (await ada.http.put(path, json=SAW)).status_code == 401
        other = f"/tools/{uuid.uuid4()}"
        assert (await ada.ask("PUT", other, json=SAW)).status_code == 404
        assert (await ada.ask("PUT", path, json={"title": "Axe"})).status_code == 422

    async def test_withdraw(self, ada: Neighbour, bob: Neighbour) -> None:
        path = f"/tools/{await offered(ada)}"
        assert (await ada.http.delete(path)).status_code == 401
        assert (await bob.ask("DELETE", path)).status_code == 403
        assert (await ada.ask("DELETE", path)).status_code == 204
        assert (await ada.ask("DELETE", path)).status_code == 404
        assert (await ada.ask("DELETE", "/tools/saw")).status_code == 422


class TestLoans:
    """/loans."""

    async def test_borrow(self, ada: Neighbour, bob: Neighbour) -> None:
        wanted = {"toolId": await offered(ada), "dueOn": "2031-05-01", "remark": None}
        answer = await bob.ask("POST", "/loans", json=wanted)
        assert answer.status_code == 201
        assert answer.json() | wanted == answer.json()

    async def test_borrow_refused(self, ada: Neighbour, bob: Neighbour) -> None:
        wanted = {"toolId": str(uuid.uuid4()), "dueOn": "2031-05-01"}
        assert (await bob.ask("POST", "/loans", json=wanted)).status_code == 404
        assert (await bob.http.post("/loans", json=wanted)).status_code == 401
        late = wanted | {"dueOn": "tomorrow"}
        assert (await ada.ask("POST", "/loans", json=late)).status_code == 422
        soon = wanted | {"dueOn": 12}
        assert (await ada.ask("POST", "/loans", json=soon)).status_code == 422

    async def test_mine(self, ada: Neighbour, bob: Neighbour) -> None:
        wanted = {"toolId": await offered(ada), "dueOn": "2031-05-01"}
        loans = [(await bob.ask("POST", "/loans", json=wanted)).json()["id"] for _ in range(2)]
        page = (await bob.ask("GET", "/loans", params={"pageSize": 1})).json()
        assert [one["id"] for one in page["items"]] == loans[:1]
        assert page["nextCursor"] == loans[0]
        assert (await ada.ask("GET", "/loans")).json() == {"items": [], "nextCursor": None}

    async def test_mine_refused(self, ada: Neighbour) -> None:
        assert (await ada.http.get("/loans")).status_code == 401
        assert (await ada.ask("GET", "/loans", params={"pageSize": 0})).status_code == 422
