"""Generated services on a real PostgreSQL, asked over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from argon2 import PasswordHasher

from agent.checklist.probe.users import signed_token
from tests.stacks.python_fastapi.blueprint.conftest import EXAMPLES, Write, Written
from tests.stacks.python_fastapi.blueprint.documents import MEMBERS, members_document
from tests.stacks.python_fastapi.blueprint.test_scaffold import SHOP, shop_document
from tools.postgres.server import Database, PostgresServer
from tools.valkey.server import ValkeyServer, valkey_server

Serve = Callable[[Written, str], AbstractAsyncContextManager[httpx.AsyncClient]]
PASSWORD = "correct horse battery"
KEY = "a-key-of-many-letters"


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    """Where services keep their sessions."""
    with valkey_server() as server:
        yield server


@pytest.fixture
def serve(postgres: PostgresServer, valkey: ValkeyServer, database: Database, toolchain: Path, tmp_path: Path) -> Serve:
    """Make the tables, start one worker, and give a client for it; its log is `service.log` in the test's folder."""
    url = database.url(postgres.socket_folder)

    @asynccontextmanager
    async def serving(service: Written, sql: str) -> AsyncIterator[httpx.AsyncClient]:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.encode())
        socket = tmp_path / "s"
        command = [str(toolchain / "bin" / "uvicorn"), "src.main:app", "--uds", str(socket), "--no-access-log"]
        environment = {"DATABASE_URL": url, "JWT_SECRET": "s" * 40, "PYTHONDONTWRITEBYTECODE": "1"}
        environment["REDIS_URL"] = valkey.url(valkey.socket_folder)
        environment["API_KEYS"] = f"{KEY}, {KEY}-of-another"
        with (tmp_path / "service.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=service.root, env=environment, stdout=log, stderr=log)
        try:
            transport = httpx.AsyncHTTPTransport(uds=str(socket))
            async with httpx.AsyncClient(
                transport=transport, base_url=f"http://x{service.contract.base_path}"
            ) as client:
                await started(client, process, tmp_path / "service.log")
                yield client
        finally:
            process.terminate()
            assert process.wait(60) in (0, -15)

    return serving


async def started(client: httpx.AsyncClient, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        with contextlib.suppress(httpx.TransportError):
            if (await client.get("http://x/health/ready")).status_code == 200:
                return
        assert process.poll() is None, log.read_text()
        await asyncio.sleep(0.1)
    raise AssertionError(log.read_text())


async def member(client: httpx.AsyncClient) -> dict[str, str]:
    """Register somebody; the headers that say who they are."""
    account = {"email": f"{uuid4().hex}@example.com", "password": PASSWORD}
    assert (await client.post("/auth/register", json={**account, "name": "A"})).status_code == 201
    session = (await client.post("/auth/login", json=account)).json()["data"]
    return {"Authorization": f"Bearer {session['accessToken']}"}


async def test_bookshop_keeps_its_contract(write: Write, serve: Serve, tmp_path: Path) -> None:
    async with serve(write("bookshop", ""), (EXAMPLES / "bookshop" / "schema.sql").read_text()) as client:
        headers, stranger = await member(client), await member(client)
        author = (await client.post("/authors", headers=headers, json={"name": "A"})).json()["data"]
        new = {"authorId": author["id"], "title": "T", "isbn": "9780000000001", "priceCents": 5, "description": "d"}

        made = await client.post("/books", headers=headers, json=new)
        book = made.json()["data"]
        assert (made.status_code, book["format"], book["author"]) == (
            201,
            "paperback",
            {"id": author["id"], "name": "A"},
        )

        taken = await client.post("/books", headers=headers, json=new)
        assert (taken.status_code, taken.json()["error"]["code"]) == (409, "conflict")
        nobody = await client.post(
            "/books", headers=headers, json={**new, "isbn": "9780000000002", "authorId": str(uuid4())}
        )
        assert nobody.status_code == 409
        assert (await client.post("/books", json=new)).status_code == 401

        invalid = await client.post("/books", headers=headers, json={**new, "priceCents": "5"})
        assert (invalid.status_code, invalid.json()["error"]["details"][0]["field"]) == (422, "body.priceCents")
        assert (await client.post("/authors", headers=headers, json={"name": "\x00"})).status_code == 422

        del new["description"]
        replaced = (await client.put(f"/books/{book['id']}", headers=headers, json=new)).json()["data"]
        assert replaced["description"] is None
        assert replaced["updatedAt"] > book["updatedAt"]

        page = (await client.get("/books", params={"search": "t", "maxPriceCents": 5, "limit": 1})).json()
        assert ([one["id"] for one in page["data"]], page["meta"]) == (
            [book["id"]],
            {"page": 1, "limit": 1, "total": 1},
        )
        beyond = (await client.get("/books", params={"page": 9})).json()
        assert (beyond["data"], beyond["meta"]["total"]) == ([], 1)

        reviews = f"/books/{book['id']}/reviews"
        review = (await client.post(reviews, headers=headers, json={"rating": 4, "comment": "c"})).json()["data"]
        changed = (await client.patch(f"/reviews/{review['id']}", headers=headers, json={"rating": 5})).json()["data"]
        assert (changed["rating"], changed["comment"]) == (5, "c")
        assert (await client.patch(f"/reviews/{review['id']}", headers=stranger, json={})).status_code == 403
        assert (await client.get(f"/books/{uuid4()}/reviews")).status_code == 404

        order = (await client.post("/orders", headers=headers, json={"deliveryAddress": "Here 1"})).json()["data"]
        item = {"bookId": book["id"], "quantity": 2}
        assert (await client.post(f"/orders/{order['id']}/items", headers=headers, json=item)).status_code == 201
        assert (await client.post(f"/orders/{order['id']}/items", headers=stranger, json=item)).status_code == 404
        detail = (await client.get(f"/orders/{order['id']}", headers=headers)).json()["data"]
        assert [one["book"]["title"] for one in detail["items"]] == ["T"]
        assert (await client.get(f"/orders/{order['id']}", headers=stranger)).status_code == 404
        assert (await client.delete(f"/books/{book['id']}", headers=headers)).status_code == 409

    lines = [json.loads(line) for line in (tmp_path / "service.log").read_text().splitlines()]
    assert all(line["level"] == "info" for line in lines)
    assert PASSWORD not in (tmp_path / "service.log").read_text()


async def test_every_answer_has_a_request_id_and_security_headers(write: Write, serve: Serve) -> None:
    async with serve(write("bookshop", ""), (EXAMPLES / "bookshop" / "schema.sql").read_text()) as client:
        for method, path in (("GET", "/books"), ("GET", "/nowhere"), ("DELETE", "/books"), ("GET", "/auth/me")):
            answer = await client.request(method, path, headers={"x-request-id": "abc.1"})
            assert answer.headers["x-request-id"] == "abc.1"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "strict-transport-security" in answer.headers
        forged = await client.get("/books", headers={"x-request-id": "a b"})
        assert forged.headers["x-request-id"] != "a b"


async def test_tokens_of_the_wrong_kind_or_key_are_refused(write: Write, serve: Serve) -> None:
    async with serve(write("bookshop", ""), (EXAMPLES / "bookshop" / "schema.sql").read_text()) as client:
        account = {"email": "a@example.com", "password": PASSWORD}
        await client.post("/auth/register", json={**account, "name": "A"})
        assert (await client.post("/auth/login", json={**account, "password": "x"})).status_code == 401
        session = (await client.post("/auth/login", json=account)).json()["data"]

        refreshed = await client.post("/auth/refresh", json={"refreshToken": session["refreshToken"]})
        assert refreshed.status_code == 200
        assert (await client.post("/auth/refresh", json={"refreshToken": session["accessToken"]})).status_code == 401
        unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ4In0."
        for token in (session["refreshToken"], session["accessToken"][:-2] + "xx", unsigned):
            assert (await client.get("/auth/me", headers={"Authorization": f"Bearer {token}"})).status_code == 401


async def test_a_database_that_is_gone_is_not_ready_and_tells_nothing(
    write: Write, serve: Serve, postgres: PostgresServer, database: Database
) -> None:
    async with serve(write("bookshop", ""), (EXAMPLES / "bookshop" / "schema.sql").read_text()) as client:
        with psycopg.connect(database.url(postgres.socket_folder), autocommit=True) as connection:
            connection.execute("DROP TABLE books CASCADE")
        answer = await client.get("/books")
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
        assert "books" not in answer.text
        with psycopg.connect(database.url(postgres.socket_folder), autocommit=True) as connection:
            connection.execute(f"ALTER ROLE {database.role} PASSWORD 'another'".encode())
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = current_user AND pid <> pg_backend_pid()"
            )
        assert (await client.get("http://x/health/ready")).status_code == 503
        assert (await client.get("http://x/health/live")).status_code == 200


async def test_integer_keys_conversions_arrays_json_and_composite_keys(write: Write, serve: Serve) -> None:
    async with serve(write(shop_document(), SHOP), SHOP) as client:
        new = {"order": "o", "price": 1.25, "opened": "2026-01-31T12:00:00+01:00", "tags": ["a"], "details": {"b": [1]}}
        new |= {"code": str(uuid4()), "since": "2026-01-31", "closed": "2026-01-31T12:00:00.5+01:00", "floor": 2.0}
        made = await client.post("/shops", json=new)
        assert made.status_code == 201, made.text
        assert made.json() == {
            "id": 1,
            **new,
            "opened": "2026-01-31T11:00:00Z",
            "closed": "2026-01-31T11:00:00.500000Z",
        }

        bare = (await client.post("/shops", json={"order": "p"})).json()
        assert bare == {"id": 2, "order": "p", "opened": None, "tags": [], "details": None} | dict.fromkeys(
            ("code", "since", "closed", "floor")
        )
        assert [one["id"] for one in (await client.get("/shops", params={"skip": 1, "limit": 5})).json()] == [2]

        changed = await client.patch("/shops/1", json={"price": 2})
        assert (changed.json()["price"], changed.json()["order"]) == (2, "o")
        assert (await client.patch("/shops/1", json={})).json() == changed.json()
        for wrong in (
            {"opened": 5},
            {"opened": "2026-01-31T12:00:00"},
            {"price": "2"},
            {"order": "x" * 21},
            {"tags": [1]},
            {"code": "c"},
            {"since": "yesterday"},
            {"floor": 1.5},
            {"floor": 1e300},
        ):
            assert (await client.patch("/shops/1", json=wrong)).status_code == 422, wrong
        assert (await client.get("/shops/9223372036854775808")).status_code == 422
        assert (await client.get("/shops/99")).status_code == 404

        assert (await client.post("/shops/1/shelves", json={"number": 7, "label": "l"})).status_code == 201
        assert (await client.post("/shops/99/shelves", json={"number": 7})).status_code == 404
        assert (await client.post("/shops/1/shelves", json={"number": 7})).status_code == 409
        assert (await client.get("/shops/1/shelves/7")).json() == {"number": 7, "label": "l"}
        assert (await client.get("/shops/2/shelves/7")).status_code == 404
        assert (await client.delete("/shops/1/shelves/7")).status_code == 204
        assert (await client.get("/shops/1/shelves")).json() == []


async def test_a_hole_answers_501(write: Write, serve: Serve) -> None:
    async with serve(write("helpdesk", ""), (EXAMPLES / "helpdesk" / "schema.sql").read_text()) as client:
        account = {"email": "a@example.com", "password": PASSWORD}
        await client.post("/auth/register", json={**account, "full_name": "A"})
        token = (await client.post("/auth/login", json=account)).json()["access_token"]

        answer = await client.get("/reports/workload", headers={"Authorization": f"Bearer {token}"})

        assert (answer.status_code, answer.json()["error"]["code"]) == (501, "not_implemented")


PEOPLE = """
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL);
CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, text text NOT NULL);
"""


def notes_document(schemes: dict[str, Any]) -> dict[str, Any]:
    """One's own notes, for callers who are known by any of the schemes."""
    note = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
    content = {"application/json": {"schema": {"type": "array", "items": note}}}
    get = {"summary": "My notes", "responses": {"200": {"description": "Notes.", "content": content}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Notes", "version": "1"},
        "paths": {"/notes": {"get": {**get, "security": [{name: []} for name in schemes]}}},
        "components": {"securitySchemes": schemes},
    }


async def test_callers_may_send_their_password_with_every_request(
    write: Write, serve: Serve, postgres: PostgresServer, database: Database
) -> None:
    service = write(notes_document({"basic": {"type": "http", "scheme": "basic"}}), PEOPLE)
    with psycopg.connect(database.url(postgres.socket_folder), autocommit=True) as connection:
        async with serve(service, PEOPLE) as client:
            stored = PasswordHasher(memory_cost=8, time_cost=1, parallelism=1).hash(PASSWORD)
            connection.execute("INSERT INTO users VALUES (1, 'a@example.com', %s), (2, 'b@example.com', '')", [stored])
            connection.execute("INSERT INTO notes VALUES (1, 1, 'of a'), (2, 2, 'of b')")

            for _ in range(2):
                mine = await client.get("/notes", auth=("a@example.com", PASSWORD))
                assert (mine.status_code, mine.json()) == (200, [{"text": "of a"}])
            for login, password in (("a@example.com", "x"), ("b@example.com", PASSWORD), ("c", PASSWORD), ("\0", "")):
                refused = await client.get("/notes", auth=(login, password))
                assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Basic realm="service"')
            connection.execute("UPDATE users SET password_hash = ''")
            assert (await client.get("/notes", auth=("a@example.com", PASSWORD))).status_code == 401


async def test_callers_may_come_with_a_token_of_another_service_that_shares_the_key(
    write: Write, serve: Serve, postgres: PostgresServer, database: Database
) -> None:
    service = write(notes_document({"bearer": {"type": "http", "scheme": "bearer"}}), PEOPLE)
    with psycopg.connect(database.url(postgres.socket_folder), autocommit=True) as connection:
        async with serve(service, PEOPLE) as client:
            connection.execute("INSERT INTO users VALUES (1, 'a@example.com', ''), (2, 'b@example.com', '')")
            connection.execute("INSERT INTO notes VALUES (1, 1, 'of a'), (2, 2, 'of b')")
            for key, status in (("s" * 40, 200), ("t" * 40, 401)):
                reply = await client.get("/notes", headers={"Authorization": f"Bearer {signed_token(1, key)}"})
                assert (reply.status_code, reply.json() == [{"text": "of a"}]) == (status, status == 200)


async def test_a_token_may_stand_in_its_header_with_any_word_before_it_where_the_contract_calls_it_a_key(
    write: Write, serve: Serve, postgres: PostgresServer, database: Database
) -> None:
    document = notes_document({"token": {"type": "apiKey", "in": "header", "name": "Authorization"}})
    texts = {name: {"type": "string"} for name in ("email", "password", "token")}
    asked = {"type": "object", "required": list(texts)[:2], "properties": dict(list(texts.items())[:2])}
    given = {"type": "object", "required": ["token"], "properties": {"token": texts["token"]}}
    document["paths"]["/login"] = {
        "post": {
            "summary": "Log in",
            "requestBody": {"required": True, "content": {"application/json": {"schema": asked}}},
            "responses": {"200": {"description": "In.", "content": {"application/json": {"schema": given}}}},
        }
    }
    service = write(document, PEOPLE)
    with psycopg.connect(database.url(postgres.socket_folder), autocommit=True) as connection:
        async with serve(service, PEOPLE) as client:
            connection.execute("INSERT INTO users VALUES (1, 'a@example.com', ''), (2, 'b@example.com', '')")
            connection.execute("INSERT INTO notes VALUES (1, 1, 'of a'), (2, 2, 'of b')")
            for word in ("", "Bearer ", "Token "):
                reply = await client.get("/notes", headers={"Authorization": f"{word}{signed_token(1, 's' * 40)}"})
                assert (reply.status_code, reply.json()) == (200, [{"text": "of a"}])
            assert (await client.get("/notes", headers={"Authorization": "Token x"})).status_code == 401


async def test_a_token_must_name_what_the_operation_asks_for(
    write: Write, serve: Serve, postgres: PostgresServer, database: Database
) -> None:
    flow = {"tokenUrl": "https://example.com/token", "scopes": {"notes:read": "Read notes."}}
    document = notes_document({"outside": {"type": "oauth2", "flows": {"clientCredentials": flow}}})
    document["paths"]["/notes"]["get"]["security"] = [{"outside": ["notes:read"]}]
    service = write(document, PEOPLE)
    with psycopg.connect(database.url(postgres.socket_folder), autocommit=True) as connection:
        async with serve(service, PEOPLE) as client:
            connection.execute("INSERT INTO users VALUES (1, 'a@example.com', '')")
            connection.execute("INSERT INTO notes VALUES (1, 1, 'of a')")
            for scopes, status in ((["notes:read"], 200), (["notes:read", "x"], 200), (["notes"], 403), ([], 403)):
                token = signed_token(1, "s" * 40, scopes)
                reply = await client.get("/notes", headers={"Authorization": f"Bearer {token}"})
                assert reply.status_code == status
            assert (await client.get("/notes")).status_code == 401


PLACES = {
    "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "key"},
}
API_KEYS = """
CREATE TABLE api_keys (
    id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, key_hash text NOT NULL UNIQUE,
    expires_at timestamptz, revoked boolean NOT NULL DEFAULT false
);
"""


def sent(key: str) -> list[dict[str, Any]]:
    """The ways to send it, one after the other."""
    return [{"headers": {"X-Key": key}}, {"params": {"key": key}}, {"headers": {"Cookie": f"key={key}"}}]


async def test_callers_may_come_with_a_key_that_a_table_knows(
    write: Write, serve: Serve, postgres: PostgresServer, database: Database
) -> None:
    service = write(notes_document(PLACES), PEOPLE + API_KEYS)
    with psycopg.connect(database.url(postgres.socket_folder), autocommit=True) as connection:
        async with serve(service, PEOPLE + API_KEYS) as client:
            digests = [hashlib.sha256(f"{KEY}{number}".encode()).hexdigest() for number in range(3)]
            connection.execute("INSERT INTO users VALUES (1, 'a@example.com', ''), (2, 'b@example.com', '')")
            connection.execute("INSERT INTO notes VALUES (1, 1, 'of a'), (2, 2, 'of b')")
            connection.execute(
                "INSERT INTO api_keys VALUES (1, 1, %s, NULL, false), (2, 2, %s, now(), false), (3, 2, %s, NULL, true)",
                digests,
            )

            for way in sent(f"{KEY}0"):
                mine = await client.get("/notes", **way)
                assert (mine.status_code, mine.json()) == (200, [{"text": "of a"}])
            for key in (f"{KEY}1", f"{KEY}2", KEY, digests[0]):
                for way in sent(key):
                    refused = await client.get("/notes", **way)
                    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "ApiKey")
            assert (await client.get("/notes")).status_code == 401


async def test_callers_may_come_with_a_key_that_a_setting_lists(write: Write, serve: Serve) -> None:
    sql = "CREATE TABLE notes (id bigint PRIMARY KEY, text text NOT NULL)"
    async with serve(write(notes_document(PLACES), sql), sql) as client:
        for way in (*sent(KEY), *sent(f"{KEY}-of-another")):
            assert (await client.get("/notes", **way)).status_code == 200
        for way in (*sent(f"{KEY}, {KEY}-of-another"), *sent("")):
            assert (await client.get("/notes", **way)).status_code == 401


async def test_what_goes_one_way_is_neither_asked_for_nor_shown(write: Write, serve: Serve) -> None:
    async with serve(write(members_document(), MEMBERS), MEMBERS) as client:
        named = {"Content-Type": "application/vnd.api+json"}
        made = await client.post("/members", json={"name": "A", "secret": "s"}, headers=named)
        assert (made.status_code, made.headers["content-type"]) == (201, "application/vnd.api+json"), made.text
        assert made.json().keys() == {"id", "name", "nickname", "joined_at"}

        listed, one = await client.get("/members"), await client.get("/members/1")
        assert (listed.json(), one.json()) == ([made.json()], made.json())
        assert {reply.headers["content-type"] for reply in (listed, one)} == {"application/json"}
        assert (await client.delete("/members/1")).content == b""


async def test_bodies_have_as_many_properties_as_the_contract_says(write: Write, serve: Serve) -> None:
    async with serve(write(members_document(), MEMBERS), MEMBERS) as client:
        named = {"Content-Type": "application/merge-patch+json"}
        await client.post("/members", json={"name": "A", "secret": "s"})
        changed = await client.patch("/members/1", json={"name": "B", "nickname": None}, headers=named)
        assert (changed.status_code, changed.json()["name"]) == (200, "B")
        assert (await client.patch("/members/1", json={}, headers=named)).status_code == 422
