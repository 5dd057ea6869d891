"""Schemas that were written for MySQL or SQLite become what PostgreSQL holds, and what changed is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.catalog.dialects.detecting import Dialect
from agent.catalog.dialects.translating import translate
from agent.catalog.loading import load_catalog
from agent.catalog.model import Catalog, Column, Table
from agent.errors import CatalogError
from tools.postgres.server import PostgresServer

DUMP = """\
-- MySQL dump 10.13
/*!40101 SET NAMES utf8mb4 */;
SET FOREIGN_KEY_CHECKS=0;
DROP TABLE IF EXISTS `orders`;
CREATE TABLE `orders` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `userId` bigint(20) unsigned NOT NULL,
  `status` enum('new','it''s paid') COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT 'new' COMMENT 'where it is',
  `total` decimal(10,2) NOT NULL DEFAULT '0.00',
  `gift` tinyint(1) NOT NULL DEFAULT '0',
  `weight` smallint(5) unsigned DEFAULT NULL,
  `note` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  `meta` longtext DEFAULT NULL CHECK (json_valid(`meta`)),
  `scan` mediumblob,
  `placed_at` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  `updated_at` timestamp NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
  `ended_at` datetime DEFAULT '0000-00-00 00:00:00',
  `double` decimal(10,2) GENERATED ALWAYS AS (`Total` * 2) STORED,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uq` (`userId`,`placed_at`),
  KEY `by_user` (`USERID`),
  KEY `by_note` (`note`(20)) USING BTREE,
  FULLTEXT KEY `words` (`note`),
  CONSTRAINT `fk_user` FOREIGN KEY (`userId`) REFERENCES `users` (`id`) ON DELETE CASCADE,
  CONSTRAINT `some` CHECK ((`total` >= 0))
) ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4 COMMENT='What was bought';
LOCK TABLES `orders` WRITE;
INSERT INTO `orders` VALUES (1,2,'new; x');
UNLOCK TABLES;
CREATE TABLE `users` (
  `id` bigint(20) unsigned NOT NULL,
  `email` varchar(255) NOT NULL
);
ALTER TABLE `users` ADD PRIMARY KEY (`id`), ADD UNIQUE KEY `email` (`email`), ADD KEY `by_user` (`email`(10));
ALTER TABLE `users` MODIFY `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=5;
CREATE INDEX by_total ON orders (total DESC) USING BTREE;
DELIMITER ;;
CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW BEGIN SET NEW.total = 1; END ;;
DELIMITER ;
CREATE VIEW named AS SELECT `id`, IFNULL(`note`, '') AS n FROM `orders`;
CREATE VIEW foreign_view AS SELECT JSON_EXTRACT(`meta`, '$.a') REGEXP 'x' AS m, FOUND_ROWS() AS f FROM `orders`;
"""

FILE = """\
PRAGMA foreign_keys = ON;
BEGIN TRANSACTION;
CREATE TABLE [users] (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT NOT NULL UNIQUE COLLATE NOCASE,
  active BOOLEAN NOT NULL DEFAULT 1,
  created DATETIME DEFAULT (datetime('now')),
  score REAL, picture BLOB, anything, level INT CHECK (level > 0), code UNUSUAL
);
CREATE TABLE IF NOT EXISTS "posts" (
  "id" INTEGER NOT NULL,
  `key` TEXT DEFAULT (lower(hex(randomblob(16)))),
  "title" NVARCHAR(160) NOT NULL,
  author INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE (title, author) ON CONFLICT IGNORE
) STRICT;
CREATE TABLE kv (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
CREATE TABLE sqlite_sequence(name,seq);
CREATE UNIQUE INDEX IF NOT EXISTS ix ON posts(Title COLLATE NOCASE, author DESC) WHERE author > 0;
CREATE TRIGGER tr AFTER UPDATE ON posts BEGIN UPDATE posts SET created_at = 1 WHERE id = NEW.id; END;
INSERT INTO users VALUES (1,'a',1,null,1,null,null,1);
COMMIT;
"""


def load(server: PostgresServer, text: str, folder: Path, *, strict: bool = False) -> Catalog:
    """What PostgreSQL makes of it."""
    file = folder / "schema.sql"
    file.write_text(text)
    return load_catalog(server, [file], strict=strict)


def table(catalog: Catalog, name: str) -> Table:
    return next(one for one in catalog.tables if one.name == name)


def columns(one: Table) -> dict[str, Column]:
    return {column.name: column for column in one.columns}


@pytest.fixture
def dumped(postgres: PostgresServer, tmp_path: Path) -> Catalog:
    return load(postgres, DUMP, tmp_path)


@pytest.fixture
def filed(postgres: PostgresServer, tmp_path: Path) -> Catalog:
    return load(postgres, FILE, tmp_path)


def test_types_of_mysql_become_those_that_hold_the_same_values(dumped: Catalog) -> None:
    types = {name: column.type for name, column in columns(table(dumped, "orders")).items()}
    assert types == {
        "id": "bigint",
        "userId": "bigint",
        "status": "text",
        "total": "numeric(10,2)",
        "gift": "boolean",
        "weight": "integer",
        "note": "text",
        "meta": "jsonb",
        "scan": "bytea",
        "placed_at": "timestamp(3) without time zone",
        "updated_at": "timestamp with time zone",
        "ended_at": "timestamp without time zone",
        "double": "numeric(10,2)",
    }


def test_keys_of_mysql_stay_whatever_the_order_of_the_script(dumped: Catalog) -> None:
    orders, users = table(dumped, "orders"), table(dumped, "users")
    assert (orders.primary_key, users.primary_key) == (("id",), ("id",))
    (key,) = orders.foreign_keys
    assert (key.columns, key.table, key.referenced) == (("userId",), "users", ("id",))
    assert {one.columns for one in (*orders.uniques, *users.uniques)} == {("userId", "placed_at"), ("email",)}
    assert sorted(check.expression for check in orders.checks) == [
        "CHECK ((status = ANY (ARRAY['new'::text, 'it''s paid'::text])))",
        "CHECK ((total >= (0)::numeric))",
        "CHECK ((weight >= 0))",
    ]
    assert columns(users)["id"].identity
    assert columns(orders)["double"].generated


def test_comments_of_mysql_stay(dumped: Catalog) -> None:
    orders = table(dumped, "orders")
    assert orders.comment == "What was bought"
    assert columns(orders)["status"].comment == "where it is"


def test_everything_that_had_to_change_is_said(dumped: Catalog) -> None:
    said = "\n".join(note.partition("schema.sql")[2] for note in dumped.notes)
    assert said.splitlines()[:-1] == [
        ": read as MySQL's dialect and translated; texts compare with regard to case",
        ": an enum became text with a check (orders.status)",
        ": a collation was left out: texts compare by their characters (orders.status, orders.note)",
        ": tinyint(1) became boolean (orders.gift)",
        ": a text that is checked to be JSON became jsonb (orders.meta)",
        ": ON UPDATE was left out: the service keeps such columns (orders.updated_at)",
        ": default '0000-00-00 00:00:00' was left out (orders.ended_at)",
        ": the index of a prefix became one of the whole column (orders.note, users.email)",
        ": fulltext index was left out (orders.words)",
        ": what MySQL runs itself was left out (trigger in line 38)",
    ]
    assert said.splitlines()[-1].startswith(":41: left out, because nothing needs it: ")


def test_types_of_sqlite_are_read_by_what_they_hold(filed: Catalog) -> None:
    users, posts = columns(table(filed, "users")), columns(table(filed, "posts"))
    assert {name: column.type for name, column in users.items()} == {
        "id": "bigint",
        "email": "text",
        "active": "boolean",
        "created": "timestamp without time zone",
        "score": "double precision",
        "picture": "bytea",
        "anything": "text",
        "level": "bigint",
        "code": "numeric",
    }
    assert users["id"].identity
    assert posts["id"].identity, "a whole number that is the key alone is counted"
    assert posts["created_at"].type == "timestamp without time zone"
    assert posts["key"].default == "replace((gen_random_uuid())::text, '-'::text, ''::text)"


def test_what_is_sqlites_own_is_no_table(filed: Catalog) -> None:
    assert sorted(one.name for one in filed.tables) == ["kv", "posts", "users"]


def test_strictly_another_dialect_is_refused(postgres: PostgresServer, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="this is MySQL's dialect; PostgreSQL's is needed"):
        load(postgres, "CREATE TABLE `a` (`id` int);", tmp_path, strict=True)


def test_one_file_may_be_translated_beside_another(postgres: PostgresServer, tmp_path: Path) -> None:
    first, second = tmp_path / "a.sql", tmp_path / "b.sql"
    first.write_text("CREATE TABLE `a` (`id` int NOT NULL PRIMARY KEY);")
    second.write_text("CREATE TABLE b (id bigserial PRIMARY KEY, a_id int REFERENCES a (id));")
    catalog = load_catalog(postgres, [first, second])
    assert [one.name for one in catalog.tables] == ["a", "b"]


TABLES = ("CREATE TABLE `a` (", "`b`", "int", "unsigned", "KEY", "PRIMARY KEY (`b`)", ",", ")", ";", "'x'", "INTEGER")
CHANGES = ("ALTER TABLE `a`", "ADD", "MODIFY", "enum('x')", "CHECK (b > 1)", "REFERENCES c", "[b]", "CREATE INDEX")


def refused_at(text: str, dialect: Dialect) -> list[str]:
    """The places of everything that cannot be translated."""
    try:
        assert translate(text, "a.sql", dialect)[0]
    except CatalogError as error:
        return [problem.place for problem in error.problems]
    return []


@pytest.mark.parametrize("dialect", ["mysql", "sqlite"])
@given(words=st.lists(st.sampled_from(TABLES + CHANGES), max_size=25))
def test_nonsense_is_refused_with_its_place(dialect: Dialect, words: list[str]) -> None:
    assert all(place.startswith("a.sql") for place in refused_at(" ".join(words), dialect))
