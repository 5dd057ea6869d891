"""Generated services on a real PostgreSQL, asked over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg

from tests.stacks.python_fastapi.blueprint.conftest import EXAMPLES, Serve, Write
from tests.stacks.python_fastapi.blueprint.documents import MEMBERS, members_document
from tests.stacks.python_fastapi.blueprint.test_scaffold import SHOP, shop_document
from tools.postgres.server import Database, PostgresServer

PASSWORD = "correct horse battery"


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

        for asked, ids in (({"sort_by": "id", "sort_dir": "desc"}, [2, 1]), ({"sort_dir": "desc"}, [1, 2])):
            assert [one["id"] for one in (await client.get("/shops", params=asked)).json()] == ids, asked

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
