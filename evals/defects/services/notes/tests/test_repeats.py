"""Requests that are sent again."""

import asyncio
from uuid import uuid4

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as ConnectionLost

NOTE = {"title": "A title", "content": "words", "pinned": False}


def under(key: str) -> dict[str, str]:
    """The header."""
    return {"Idempotency-Key": key}


async def test_a_note_is_made_once(user: AsyncClient) -> None:
    key = uuid4().hex
    first = await user.post("/api/notes", json=NOTE, headers=under(key))
    again = await user.post("/api/notes", json=NOTE, headers=under(key))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (await user.get("/api/notes")).json()["meta"]["total"] == 1


async def test_twins_do_not_both_happen(user: AsyncClient) -> None:
    key = uuid4().hex
    answers = await asyncio.gather(
        *(user.post("/api/notes", json=NOTE, headers=under(key)) for _ in range(5))
    )
    assert {one.status_code for one in answers} <= {201, 409}
    assert (await user.get("/api/notes")).json()["meta"]["total"] == 1


async def test_a_key_is_not_used_for_something_else(user: AsyncClient) -> None:
    key = uuid4().hex
    await user.post("/api/notes", json=NOTE, headers=under(key))
    other = await user.post("/api/notes", json={**NOTE, "title": "Other"}, headers=under(key))
    assert other.status_code == 422


async def test_a_refusal_is_forgotten(user: AsyncClient) -> None:
    key = uuid4().hex
    assert (await user.post("/api/notes", json={}, headers=under(key))).status_code == 422
    assert (await user.post("/api/notes", json=NOTE, headers=under(key))).status_code == 201


async def test_a_removal_is_answered_as_before(user: AsyncClient) -> None:
    note = (await user.post("/api/notes", json=NOTE)).json()["id"]
    key = uuid4().hex
    first = await user.delete(f"/api/notes/{note}", headers=under(key))
    again = await user.delete(f"/api/notes/{note}", headers=under(key))
    assert (first.status_code, again.status_code) == (204, 204)


async def test_without_its_memory_no_key_is_taken(
    user: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise ConnectionLost("nobody there")

    monkeypatch.setattr(Redis, "set", away)
    answer = await user.post("/api/notes", json=NOTE, headers=under(uuid4().hex))
    assert answer.status_code == 503
