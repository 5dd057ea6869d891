"""Joining and logging in."""

import uuid

import httpx
import pytest

from src.core.credentials import Credentials
from src.core.exceptions import Anonymous
from src.models import Member
from src.schemas import Login
from src.services import Reception
from tests.conftest import SECRET, Neighbour

ANN = {"email": "ann@example.org", "displayName": "Ann", "password": "correct horse battery"}


class TestJoining:
    """POST /members."""

    async def test_joins(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/members", json=ANN)
        assert answer.status_code == 201
        assert answer.json()["displayName"] == "Ann"
        assert "password" not in answer.text

    async def test_twice(self, http: httpx.AsyncClient) -> None:
        await http.post("/members", json=ANN)
        answer = await http.post("/members", json=ANN)
        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize(
        "odd", [{"password": "short"}, {"displayName": "\0"}, {"email": "nobody"}]
    )
    async def test_odd(self, http: httpx.AsyncClient, odd: dict[str, str]) -> None:
        answer = await http.post("/members", json=ANN | odd)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"body/{next(iter(odd))}"


class TestSessions:
    """POST /sessions."""

    async def test_right(self, http: httpx.AsyncClient) -> None:
        await http.post("/members", json=ANN)
        login = {name: ANN[name] for name in ("email", "password")}
        answer = await http.post("/sessions", json=login)
        assert answer.status_code == 201
        assert answer.json()["expiresIn"] == 1800

    async def test_wrong(self, http: httpx.AsyncClient) -> None:
        await http.post("/members", json=ANN)
        answer = await http.post("/sessions", json={"email": ANN["email"], "password": "guess"})
        assert answer.status_code == 401

    async def test_nothing(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/sessions", json={})
        assert answer.status_code == 422


class Nobody:
    """A membership without members."""

    async def add(self, email: str, display_name: str, digest: str) -> Member:
        """Kept nowhere."""
        row = Member(email=email, display_name=display_name, password_digest=digest)
        row.id = uuid.uuid4()
        return row

    async def by_email(self, email: str) -> Member | None:
        """Never there."""
        return None if email else None


async def test_reception_alone() -> None:
    desk = Reception(Nobody(), Credentials(SECRET))
    with pytest.raises(Anonymous, match="do not belong together"):
        await desk.log_in(Login.model_validate({"email": "a@example.org", "password": "x"}))


async def test_token_of_another_key(ada: Neighbour) -> None:
    forged = Credentials("another-key-" * 4).token(uuid.uuid4())
    answer = await ada.http.get("/loans", headers={"Authorization": f"Bearer {forged}"})
    assert answer.status_code == 401
