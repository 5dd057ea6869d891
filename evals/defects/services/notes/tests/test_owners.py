"""Whose notes are whose, which one is meant, and how lists are cut into pages."""

import asyncpg
import pytest
from httpx import AsyncClient

_BOB = {"email": "bob@example.com", "password": "long enough 2"}
_LISTS = [{}, {"pinned": True}, {"sort": "created_at"}, {"sort": "created_at", "pinned": True}]


async def titles(user: AsyncClient, **parameters: object) -> tuple[list[str], int]:
    """What a list shows, and how many it says that there are."""
    answer = (await user.get("/api/notes", params=parameters)).json()  # type: ignore[arg-type]  # a mapping of texts will do
    return [note["title"] for note in answer["data"]], answer["meta"]["total"]


@pytest.mark.parametrize("asked", _LISTS)
async def test_pages_follow_each_other(user: AsyncClient, asked: dict[str, object]) -> None:
    for title in ("a", "b", "c"):
        await user.post("/api/notes", json={"title": title, "pinned": True})
    order = ["a", "b", "c"] if "sort" in asked else ["c", "b", "a"]
    assert await titles(user, **asked) == (order, 3)
    assert await titles(user, **asked, page=1, limit=2) == (order[:2], 3)
    assert await titles(user, **asked, page=2, limit=2) == (order[2:], 3)


@pytest.mark.parametrize("asked", _LISTS)
async def test_everybody_has_their_own(user: AsyncClient, asked: dict[str, object]) -> None:
    made = (await user.post("/api/notes", json={"title": "Ann's", "pinned": True})).json()
    await user.post("/api/auth/register", json=_BOB)
    token = (await user.post("/api/auth/login", json=_BOB)).json()["access_token"]
    ann, user.headers["Authorization"] = user.headers["Authorization"], f"Bearer {token}"
    await user.post("/api/notes", json={"title": "Bob's", "pinned": True})
    await user.post("/api/notes", json={"title": "more", "pinned": False})
    shown = ["Bob's"] if "pinned" in asked else ["Bob's", "more"] if asked else ["more", "Bob's"]
    assert await titles(user, **asked) == (shown, len(shown))
    place = f"/api/notes/{made['id']}"
    assert (await user.get(place)).status_code == 404
    assert (await user.patch(place, json={"title": "Bob's"})).status_code == 404
    assert (await user.delete(place)).status_code == 404
    user.headers["Authorization"] = ann
    assert (await user.get(place)).json() == made


async def test_one_of_several_is_meant(user: AsyncClient) -> None:
    other = (await user.post("/api/notes", json={"title": "Milk"})).json()
    made = (await user.post("/api/notes", json={"title": "Bread"})).json()
    place = f"/api/notes/{made['id']}"
    assert (await user.get(place)).json() == made
    changed = (await user.patch(place, json={"title": "Rye", "pinned": True})).json()
    assert (changed["title"], changed["pinned"]) == ("Rye", True)
    assert changed["updated_at"] > made["updated_at"]
    assert (await user.get(place)).json() == changed
    assert (await user.get(f"/api/notes/{other['id']}")).json() == other


async def test_every_note_leaves_an_event(user: AsyncClient, database_url: str) -> None:
    made = (await user.post("/api/notes", json={"title": "Milk", "content": "two"})).json()
    connection = await asyncpg.connect(database_url)
    kind = await connection.fetchval("SELECT kind FROM note_events WHERE note_id = $1", made["id"])
    await connection.close()
    assert (kind, made["content"]) == ("made", "two")
