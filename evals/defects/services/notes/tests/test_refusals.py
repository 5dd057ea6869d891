"""Every declared refusal of every operation."""

from uuid import uuid4

import pytest
from httpx import AsyncClient

_NOTE = "/api/notes/{note}"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/notes"),
        ("POST", "/api/notes"),
        *((one, _NOTE) for one in ("GET", "PATCH", "DELETE")),
    ],
)
async def test_nobody_is_refused(client: AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path.format(note=uuid4()), json={"title": "Milk"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthenticated"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_an_unknown_note_is_not_found(user: AsyncClient, method: str) -> None:
    answer = await user.request(method, _NOTE.format(note=uuid4()), json={"title": "Milk"})
    assert answer.status_code == 404


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_what_is_no_note_is_refused(user: AsyncClient, method: str) -> None:
    answer = await user.request(method, _NOTE.format(note="milk"), json={"title": "Milk"})
    assert answer.status_code == 422
    assert "note_id" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/api/auth/register", "/api/auth/login"])
async def test_credentials_need_a_password(client: AsyncClient, path: str) -> None:
    answer = await client.post(path, json={"email": "ann@example.com"})
    assert answer.status_code == 422


async def test_a_list_has_no_page_zero(user: AsyncClient) -> None:
    assert (await user.get("/api/notes", params={"page": 0})).status_code == 422


@pytest.mark.parametrize("change", [{"title": None}, {"title": "\0"}, {"pinned": 1}])
async def test_a_change_has_to_make_sense(user: AsyncClient, change: dict[str, object]) -> None:
    made = (await user.post("/api/notes", json={"title": "Milk"})).json()
    assert (await user.patch(f"/api/notes/{made['id']}", json=change)).status_code == 422
