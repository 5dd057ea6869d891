"""What tests empty the database with: nothing is left, whatever refers to what, and numbers begin anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.catalog.loading import load_catalog
from agent.stacks.python_fastapi.project.emptying import emptying
from tools.postgres.server import PostgresServer

SHOP = """
CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "order" integer NOT NULL, parent bigint);
CREATE TABLE "order" (id serial PRIMARY KEY, buyer uuid NOT NULL);
CREATE TABLE buyers (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
ALTER TABLE items ADD FOREIGN KEY ("order") REFERENCES "order" (id) ON DELETE RESTRICT;
ALTER TABLE items ADD FOREIGN KEY (parent) REFERENCES items (id);
ALTER TABLE "order" ADD FOREIGN KEY (buyer) REFERENCES buyers (id);
"""
ROWS = """
INSERT INTO buyers DEFAULT VALUES;
INSERT INTO "order" (buyer) SELECT id FROM buyers;
INSERT INTO items ("order", parent) SELECT id, NULL FROM "order";
INSERT INTO items ("order", parent) SELECT "order", id FROM items;
"""
CIRCLE = 'ALTER TABLE buyers ADD last integer REFERENCES "order" (id) DEFERRABLE;'
FORBIDDEN = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$;
CREATE TRIGGER forever BEFORE UPDATE OR DELETE ON items FOR EACH ROW EXECUTE FUNCTION refuse();
"""


@pytest.mark.parametrize(
    ("more", "how"), [("", "DELETE"), (CIRCLE, "TRUNCATE"), (FORBIDDEN, "TRUNCATE")], ids=["tree", "circle", "trigger"]
)
def test_nothing_is_left_and_numbers_begin_anew(postgres: PostgresServer, tmp_path: Path, more: str, how: str) -> None:
    (tmp_path / "schema.sql").write_text(SHOP + more)
    catalog = load_catalog(postgres, [tmp_path / "schema.sql"])
    statements = emptying(catalog)
    assert statements.startswith(how)
    with postgres.database() as database, postgres.connect_as_owner(database) as connection:
        connection.execute((SHOP + more).encode())
        for _ in range(2):
            connection.execute(ROWS.encode())
            connection.execute(statements.encode())
            left = [
                connection.execute(f'SELECT count(*) FROM "{one.name}"'.encode()).fetchone() for one in catalog.tables
            ]
            assert left == [(0,)] * 3
        connection.execute(ROWS.encode())
        assert connection.execute("SELECT min(id), max(id) FROM items").fetchone() == (1, 2)
