"""A server of one's own: databases, their owners, and what an owner may not do."""

from __future__ import annotations

from tools.postgres.server import Database, PostgresServer


def test_an_owner_works_in_its_database(postgres: PostgresServer, database: Database) -> None:
    with postgres.connect_as_owner(database) as connection:
        connection.execute("CREATE TABLE books (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), title text)")
        connection.execute("INSERT INTO books (title) VALUES ('Emma')")
        assert connection.execute("SELECT title FROM books").fetchall() == [("Emma",)]
