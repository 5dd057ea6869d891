"""Rows for any table, with the parents that they need."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from agent.catalog.loading import load_catalog, load_catalog_from_text
from agent.catalog.model import Catalog
from agent.catalog.rows import SeedFailed, insert_rows, seed, seed_order, seed_rows
from tools.postgres.server import Database, PostgresServer

SCHEMAS = Path(__file__).parent / "schemas"
EVERY = pytest.mark.parametrize("name", sorted(path.name for path in SCHEMAS.glob("*.sql")))

Filled = Callable[[Catalog], psycopg.Connection]


@pytest.fixture
def filled(postgres: PostgresServer, database: Database) -> Iterator[Filled]:
    """Opens a connection to a database with a catalog's schema."""
    with postgres.connect_as_owner(database) as connection:

        def fill(catalog: Catalog) -> psycopg.Connection:
            for statement in catalog.statements:
                connection.execute(statement.sql.encode())
            connection.commit()
            return connection

        yield fill


@EVERY
def test_every_table_takes_rows(postgres: PostgresServer, filled: Filled, name: str) -> None:
    catalog = load_catalog(postgres, [SCHEMAS / name])
    connection = filled(catalog)
    for table in seed_order(catalog):
        assert len(seed(connection, catalog, table, 4)) == 4
    for table in reversed(seed_order(catalog)):
        rows = seed(connection, catalog, table, 2)
        assert all(isinstance(row, dict) for row in rows)


class TestMakingRows:
    TABLE = """
        CREATE TYPE mood AS ENUM ('glad', 'sad');
        CREATE TABLE things (
            id uuid PRIMARY KEY,
            parent_id uuid REFERENCES things (id),
            email varchar(60) NOT NULL UNIQUE,
            code char(2) NOT NULL,
            short varchar(3) NOT NULL UNIQUE,
            feeling mood NOT NULL,
            stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
            price numeric(4, 2) NOT NULL CHECK (price > 10),
            state text NOT NULL CHECK (state IN ('new', 'old')),
            phone text NOT NULL CHECK (phone ~ '^[+][0-9]{6,12}$'),
            tax_number text NOT NULL CHECK (tax_number ~ '^[A-Z]{2}-[+*]\\d+(\\.[[:digit:]]+)?$'),
            title text NOT NULL CHECK (char_length(title) BETWEEN 12 AND 14),
            starts_on date NOT NULL CHECK (starts_on >= '2030-01-01'),
            ends_on date NOT NULL,
            data jsonb NOT NULL,
            kept timestamptz NOT NULL DEFAULT now(),
            CHECK (ends_on > starts_on)
        )
    """

    @pytest.fixture
    def things(self, postgres: PostgresServer) -> Catalog:
        return load_catalog_from_text(postgres, self.TABLE, "things.sql")

    def test_they_are_accepted_as_they_are(self, things: Catalog, filled: Filled) -> None:
        rows = seed_rows(things, "things", 200)
        stored = insert_rows(filled(things), things, "things", rows)
        assert len({row["short"] for row in stored}) == 200
        assert {row["feeling"] for row in stored} == {"glad", "sad"}
        assert {row["stars"] for row in stored} == {1, 2, 3, 4, 5}
        first = stored[0]
        assert isinstance(first["id"], uuid.UUID)
        assert isinstance(first["price"], Decimal)
        assert date(2030, 1, 1) <= first["starts_on"] < first["ends_on"]
        assert first["kept"] is not None, "filled in by the server"

    def test_the_same_seed_gives_the_same_rows(self, things: Catalog) -> None:
        assert seed_rows(things, "things", 3) == seed_rows(things, "things", 3)
        assert seed_rows(things, "things", 3)[0]["id"] != seed_rows(things, "things", 3, seed=1)[0]["id"]

    def test_overrides_are_taken_as_they_are(self, things: Catalog) -> None:
        (row,) = seed_rows(things, "things", 1, overrides={"state": "old", "kept": None})
        assert (row["state"], row["kept"]) == ("old", None)

    def test_what_the_server_fills_and_foreign_keys_are_left_out(self, things: Catalog) -> None:
        (row,) = seed_rows(things, "things", 1)
        assert {"kept", "parent_id"}.isdisjoint(row)

    def test_an_unknown_column_is_an_error(self, things: Catalog) -> None:
        with pytest.raises(KeyError, match="things has no column colour"):
            seed_rows(things, "things", 1, overrides={"colour": "red"})

    def test_insert_rows_shows_the_servers_refusal(self, things: Catalog, filled: Filled) -> None:
        rows = seed_rows(things, "things", 1, overrides={"stars": 6})
        with pytest.raises(errors.CheckViolation):
            insert_rows(filled(things), things, "things", rows)


class TestStoringRows:
    @pytest.fixture
    def circles(self, postgres: PostgresServer) -> Catalog:
        return load_catalog(postgres, [SCHEMAS / "circles.sql"])

    def test_parents_are_made_as_needed(self, circles: Catalog, filled: Filled) -> None:
        connection = filled(circles)
        (match,) = seed(connection, circles, "matches", 1)
        season = connection.execute("SELECT FROM seasons WHERE (league_id, year) = (%s, %s)", _pair(match)).fetchall()
        assert len(season) == 1

    def test_a_given_parent_is_used(self, circles: Catalog, filled: Filled) -> None:
        connection = filled(circles)
        (league,) = seed(connection, circles, "leagues", 1)
        rows = seed(connection, circles, "matches", 3, {"league_id": league["id"]})
        assert {row["league_id"] for row in rows} == {league["id"]}

    def test_tables_that_need_each_other_are_filled_together(self, circles: Catalog, filled: Filled) -> None:
        connection = filled(circles)
        (team,) = seed(connection, circles, "teams", 1)
        captain = connection.execute("SELECT team_id FROM players WHERE id = %s", (team["captain_id"],)).fetchone()
        assert captain == (team["id"],)

    def test_a_row_may_need_itself(self, circles: Catalog, filled: Filled) -> None:
        (league,) = seed(filled(circles), circles, "leagues", 1)
        assert league["parent_id"] == league["id"]

    def test_a_parent_is_shared_only_where_it_may_be(self, circles: Catalog, filled: Filled) -> None:
        connection = filled(circles)
        assert len({row["player_id"] for row in seed(connection, circles, "passports", 5)}) == 5
        assert len({row["team_id"] for row in seed(connection, circles, "players", 5)}) == 1

    def test_rows_that_are_there_are_not_in_the_way(self, circles: Catalog, filled: Filled) -> None:
        connection = filled(circles)
        for number in range(1, 30):
            connection.execute("INSERT INTO leagues VALUES (%s, %s)", (number, number))
        connection.execute("DELETE FROM leagues WHERE id < 15")
        assert len(seed(connection, circles, "leagues", 3)) == 3

    def test_other_connections_see_them_after_a_commit(
        self, postgres: PostgresServer, database: Database, circles: Catalog, filled: Filled
    ) -> None:
        filled(circles)
        with postgres.connect(database) as connection:
            seed(connection, circles, "passports", 2)
            with postgres.connect(database) as other:
                assert other.execute("SELECT count(*) FROM passports").fetchone() == (2,)

    def test_what_no_row_can_satisfy_is_told(self, postgres: PostgresServer, filled: Filled) -> None:
        text = "CREATE TABLE a (id int PRIMARY KEY, b int CONSTRAINT never CHECK (b IS NOT NULL AND b * 0 = 1))"
        catalog = load_catalog_from_text(postgres, text, "a.sql")
        with pytest.raises(SeedFailed, match=r"table a: .*\"never\""):
            seed(filled(catalog), catalog, "a", 1)


def test_the_order_puts_parents_first(postgres: PostgresServer) -> None:
    catalog = load_catalog(postgres, [SCHEMAS / "library.sql"])
    order = seed_order(catalog)
    assert sorted(order) == [table.name for table in catalog.tables]
    assert order.index("authors") < order.index("books") < order.index("loans")


def test_the_order_breaks_a_circle_where_a_key_may_be_null(postgres: PostgresServer) -> None:
    text = """
        CREATE TABLE people (id int PRIMARY KEY, home_id int);
        CREATE TABLE homes (id int PRIMARY KEY, owner_id int NOT NULL REFERENCES people (id));
        ALTER TABLE people ADD FOREIGN KEY (home_id) REFERENCES homes (id);
    """
    assert seed_order(load_catalog_from_text(postgres, text, "a.sql")) == ("people", "homes")


def _pair(match: dict[str, object]) -> tuple[object, object]:
    return match["league_id"], match["year"]
