"""How callers of a generated service are known: passwords, tokens of others, scopes, keys."""

from __future__ import annotations

import hashlib
from typing import Any

import psycopg
from argon2 import PasswordHasher

from agent.checklist.probe.users import signed_token
from tests.stacks.python_fastapi.blueprint.conftest import KEY, Serve, Write
from tools.postgres.server import Database, PostgresServer

PASSWORD = "correct horse battery"
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
