"""Registering and logging in."""

from httpx import AsyncClient

BODY = {"email": "bob@example.com", "password": "long enough 2"}


async def test_register_makes_a_user_once(client: AsyncClient) -> None:
    first = await client.post("/api/auth/register", json=BODY)
    again = await client.post("/api/auth/register", json=BODY)
    assert first.status_code == 201
    assert first.json()["email"] == BODY["email"]
    assert again.status_code == 409


async def test_login_wants_the_right_password(client: AsyncClient) -> None:
    await client.post("/api/auth/register", json=BODY)
    good = await client.post("/api/auth/login", json=BODY)
    bad = await client.post("/api/auth/login", json={**BODY, "password": "not this one"})
    assert good.status_code == 200
    assert good.json()["token_type"] == "bearer"
    assert bad.status_code == 401


async def test_a_strange_token_is_refused(client: AsyncClient) -> None:
    client.headers["Authorization"] = "Bearer nonsense"
    assert (await client.get("/api/notes")).status_code == 401
