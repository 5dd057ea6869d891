"""Differences between two schemas, as sentences."""

from __future__ import annotations

import pytest

from agent.catalog.compare import catalog_differences
from agent.catalog.loading import load_catalog_from_text
from tools.postgres.server import PostgresServer

BASE = """
    CREATE TYPE state AS ENUM ('new', 'old');
    CREATE TABLE shops (id int PRIMARY KEY);
    CREATE TABLE books (
        id int PRIMARY KEY, shop_id int, title varchar(200) NOT NULL, price numeric(10, 2), stock int DEFAULT 0,
        CONSTRAINT books_shop_fkey FOREIGN KEY (shop_id) REFERENCES shops (id),
        CONSTRAINT books_title_key UNIQUE (title),
        CONSTRAINT books_price_check CHECK (price >= 0)
    );
    CREATE INDEX books_shop ON books (shop_id);
"""

CASES = [
    ("CREATE TABLE more (id int)", "table more: not supplied, but found"),
    ("DROP TABLE shops CASCADE", "table shops: supplied, but not found"),
    (
        "ALTER TABLE books ALTER price TYPE numeric",
        "table books: column price: type numeric(10,2) supplied, numeric found",
    ),
    ("ALTER TABLE books DROP stock", "table books: column stock: supplied, but not found"),
    ("ALTER TABLE books ADD isbn text", "table books: column isbn: not supplied, but found"),
    ("ALTER TABLE books ALTER title DROP NOT NULL", "table books: column title: nullable False supplied, True found"),
    ("ALTER TABLE books ALTER stock DROP DEFAULT", "table books: column stock: default 0 supplied, none found"),
    ("ALTER TABLE shops DROP CONSTRAINT shops_pkey CASCADE", "table shops: primary key: (id) supplied, none found"),
    (
        "ALTER TABLE books DROP CONSTRAINT books_shop_fkey",
        "table books: foreign key (shop_id) references shops (id): supplied, but not found",
    ),
    (
        "ALTER TABLE books RENAME CONSTRAINT books_title_key TO other",
        "table books: unique (title): named books_title_key supplied, other found",
    ),
    (
        "ALTER TABLE books DROP CONSTRAINT books_price_check",
        "table books: check CHECK ((price >= (0)::numeric)): supplied, but not found",
    ),
    (
        "DROP INDEX books_shop",
        "table books: index CREATE INDEX ON public.books USING btree (shop_id): supplied, but not found",
    ),
    ("ALTER TYPE state ADD VALUE 'gone'", "enum state: new, old supplied, new, old, gone found"),
    ("COMMENT ON TABLE books IS 'sold'", "table books: comment: '' supplied, 'sold' found"),
    ("CREATE VIEW cheap AS SELECT 1 AS one", "view public.cheap  SELECT 1 AS one;: only found"),
    ("CREATE DOMAIN year AS int", "domain public.year integer: only found"),
]


@pytest.mark.parametrize(("change", "sentence"), CASES, ids=[change for change, _ in CASES])
def test_a_change_is_told(postgres: PostgresServer, change: str, sentence: str) -> None:
    supplied = load_catalog_from_text(postgres, BASE, "supplied.sql")
    found = load_catalog_from_text(postgres, f"{BASE} {change}", "found.sql")
    assert sentence in catalog_differences(supplied, found)


def test_equal_schemas_differ_in_nothing(postgres: PostgresServer) -> None:
    supplied = load_catalog_from_text(postgres, BASE, "supplied.sql")
    assert catalog_differences(supplied, load_catalog_from_text(postgres, BASE, "found.sql")) == ()


def test_another_order_of_columns_is_no_difference(postgres: PostgresServer) -> None:
    supplied = load_catalog_from_text(postgres, "CREATE TABLE a (b int, c int)", "supplied.sql")
    found = load_catalog_from_text(postgres, "CREATE TABLE a (c int, b int)", "found.sql")
    assert catalog_differences(supplied, found) == ()
