"""Constraints of the schema that a migrated database has to hold, whatever the code lets through."""

from __future__ import annotations

import psycopg
import pytest

from agent.catalog.loading import load_catalog_from_text
from agent.checklist.depth import try_all
from tools.postgres.server import PostgresServer

SCHEMA = """
CREATE TYPE kind AS ENUM ('small', 'large');
CREATE TABLE owners (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email varchar(40) NOT NULL UNIQUE);
CREATE TABLE things (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES owners (id) DEFERRABLE INITIALLY DEFERRED,
    kind kind NOT NULL DEFAULT 'small',
    price integer CONSTRAINT priced CHECK (price > 0 AND price <= 1000),
    name text CONSTRAINT named CHECK (length(name) BETWEEN 3 AND 60),
    code text CONSTRAINT coded CHECK (code ~ '^[a-z]+$'),
    low integer, high integer, CONSTRAINT ordered CHECK (low <= 5 OR high > 7)
);
"""


def tried(postgres: PostgresServer, migrated: str) -> tuple[set[str], list[str], str]:
    """What is refused in a database made by `migrated` where `SCHEMA` was asked for, what is not, how to see it."""
    catalog = load_catalog_from_text(postgres, SCHEMA, "schema.sql")
    with postgres.database() as database, postgres.connect(database) as connection:
        connection.execute(migrated.encode())
        found = try_all(connection, catalog)
    return set(found.refused), found.problems, found.reproduce


def test_a_schema_refuses_what_it_says(postgres: PostgresServer) -> None:
    refused, problems, _ = tried(postgres, SCHEMA)
    assert problems == []
    assert refused >= {
        "owners.email NOT NULL",
        "owners.email of at most 40 characters",
        "owners primary key",
        "things.kind of kind",
        "things priced",
        "things named",
        "things coded",
        "things things_owner_id_fkey",
    }


def test_what_a_trigger_puts_right_is_kept(postgres: PostgresServer) -> None:
    trigger = """
        CREATE FUNCTION named() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.email = coalesce(NEW.email, 'nobody@example.com'); RETURN NEW; END $$;
        CREATE TRIGGER named BEFORE UPDATE ON owners FOR EACH ROW EXECUTE FUNCTION named();
    """
    refused, problems, _ = tried(postgres, SCHEMA + trigger)
    assert problems == []
    assert "owners.email NOT NULL" in refused


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("varchar(40) NOT NULL UNIQUE", "varchar(40) UNIQUE", "owners.email NOT NULL: the database took UPDATE"),
        ("varchar(40) NOT NULL UNIQUE", "varchar(40) NOT NULL", "owners_email_key"),
        ("varchar(40) NOT NULL UNIQUE", "text NOT NULL UNIQUE", "of at most 40 characters"),
        ("REFERENCES owners (id) DEFERRABLE INITIALLY DEFERRED", "", "things_owner_id_fkey"),
        ("kind kind NOT NULL DEFAULT 'small'", "kind text NOT NULL DEFAULT 'small'", "things.kind of kind"),
        ("CHECK (price > 0 AND price <= 1000)", "CHECK (price IS NULL OR price < 100000)", "things priced"),
        ("CHECK (length(name) BETWEEN 3 AND 60)", "CHECK (length(name) < 6000)", "things named"),
        ("CHECK (code ~ '^[a-z]+$')", "CHECK (true)", "things coded"),
    ],
)
def test_a_constraint_that_is_not_there_is_found(old: str, new: str, told: str, postgres: PostgresServer) -> None:
    assert old in SCHEMA
    _, problems, reproduce = tried(postgres, SCHEMA.replace(old, new))
    assert any(told in problem for problem in problems), problems
    assert reproduce.startswith("BEGIN; UPDATE ")


def test_what_is_shown_can_be_pasted(postgres: PostgresServer) -> None:
    """It succeeds where the constraint is missing, and is refused where it is there."""
    missing = SCHEMA.replace("varchar(40) NOT NULL UNIQUE", "varchar(40)")
    rows = "INSERT INTO owners (email) VALUES ('a'), ('b')"
    _, _, reproduce = tried(postgres, missing)
    for schema, taken in ((missing, True), (SCHEMA, False)):
        with postgres.database() as database, postgres.connect(database) as connection:
            connection.execute(schema.encode())
            connection.execute(rows)
            if taken:
                connection.execute(reproduce.encode())
            else:
                with pytest.raises(psycopg.errors.NotNullViolation):
                    connection.execute(reproduce.encode())
