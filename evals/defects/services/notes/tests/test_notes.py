"""The notes of a user."""

from uuid import uuid4

from httpx import AsyncClient


async def test_notes_are_listed(user: AsyncClient) -> None:
    await user.post("/api/notes", json={"title": "Milk"})
    answer = await user.get("/api/notes")
    assert answer.status_code == 200
    assert [note["title"] for note in answer.json()["data"]] == ["Milk"]
    assert answer.json()["meta"]["total"] == 1
    pinned = await user.get("/api/notes", params={"pinned": True})
    assert pinned.json() == {"data": [], "meta": {"page": 1, "total": 0}}


async def test_notes_are_listed_in_order(user: AsyncClient) -> None:
    for title in ("b", "a", "c"):
        await user.post("/api/notes", json={"title": title, "pinned": title != "c"})
    answer = await user.get("/api/notes", params={"sort": "-title"})
    assert [note["title"] for note in answer.json()["data"]] == ["c", "b", "a"]
    answer = await user.get("/api/notes", params={"sort": "title", "pinned": True})
    assert [note["title"] for note in answer.json()["data"]] == ["a", "b"]
    assert answer.json()["meta"]["total"] == 2


async def test_an_unknown_path_is_refused_like_everything(client: AsyncClient) -> None:
    answer = await client.get("/api/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "http_404"


async def test_a_note_is_created(user: AsyncClient) -> None:
    made = await user.post("/api/notes", json={"title": "Milk", "pinned": True})
    assert made.status_code == 201
    assert made.json()["pinned"] is True


async def test_a_note_is_read(user: AsyncClient) -> None:
    made = (await user.post("/api/notes", json={"title": "Milk"})).json()
    assert (await user.get(f"/api/notes/{made['id']}")).json() == made
    assert (await user.get(f"/api/notes/{uuid4()}")).status_code == 404


async def test_a_note_is_changed_in_part(user: AsyncClient) -> None:
    made = (await user.post("/api/notes", json={"title": "Milk", "content": "two"})).json()
    changed = await user.patch(f"/api/notes/{made['id']}", json={"title": "Bread"})
    assert changed.json()["title"] == "Bread"
    assert changed.json()["content"] == "two"
    assert (await user.patch(f"/api/notes/{uuid4()}", json={})).status_code == 404


async def test_a_note_is_removed(user: AsyncClient) -> None:
    await user.post("/api/notes", json={"title": "Bread"})
    made = (await user.post("/api/notes", json={"title": "Milk"})).json()
    assert (await user.delete(f"/api/notes/{made['id']}")).status_code == 204
    assert (await user.delete(f"/api/notes/{made['id']}")).status_code == 404
    assert (await user.get("/api/notes")).json()["meta"]["total"] == 1


async def test_nobody_sees_notes(client: AsyncClient) -> None:
    assert (await client.get("/api/notes")).status_code == 401


async def test_a_note_needs_a_title(user: AsyncClient) -> None:
    answer = await user.post("/api/notes", json={})
    assert answer.status_code == 422
    assert "title" in answer.json()["error"]["message"]


async def test_health_is_told(client: AsyncClient) -> None:
    assert (await client.get("/health/live")).status_code == 200
    assert (await client.get("/health/ready")).status_code == 200
    assert (await client.get("/openapi.json")).status_code == 200
    assert "api_latency_seconds_bucket" in (await client.get("/metrics")).text
