"""Which states a row is put into where an operation refuses it as it is."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from agent.catalog.loading import load_catalog
from agent.checklist.probe.states import states
from tools.postgres.server import PostgresServer

SCHEMA = """
CREATE TYPE phase AS ENUM ('draft', 'open');
CREATE TABLE shops (id int PRIMARY KEY);
CREATE TABLE products (
    id int PRIMARY KEY,
    shop_id int REFERENCES shops,
    phase phase NOT NULL,
    listed boolean NOT NULL,
    stock int NOT NULL,
    weight numeric(4, 2),
    ended_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
"""


def test_enumerations_come_first_then_plenty_of_everything_and_nothing_ended(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    file = tmp_path / "schema.sql"
    file.write_text(SCHEMA)
    catalog = load_catalog(postgres, [file])
    shops, products = catalog.table("shops"), catalog.table("products")
    assert shops
    assert products
    combinations = [{"phase": phase, "listed": listed} for phase, listed in product(("draft", "open"), (True, False))]
    plenty = {"stock": 10_000, "weight": 99, "ended_at": None}
    assert list(states(catalog, products)) == [
        *combinations,
        plenty,
        {"stock": 10_000, "weight": 0},
        {"stock": 0, "weight": 99},
        *(plenty | combination for combination in combinations),
    ]
    assert list(states(catalog, shops)) == []
