"""A dialect is told by its words, never by what stands in texts and comments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.catalog.dialects.detecting import Dialect, dialect_of

MYSQL = {
    "quotes": "CREATE TABLE `a` (`id` int);",
    "counters": "CREATE TABLE a (id int AUTO_INCREMENT PRIMARY KEY);",
    "engines": "CREATE TABLE a (id int) ENGINE=InnoDB;",
    "types": "CREATE TABLE a (at DATETIME);",
    "keys": "CREATE TABLE a (\n  id int,\n  KEY a_id (id)\n);",
    "comments that are carried out": "/*!40101 SET NAMES utf8 */;\nCREATE TABLE a (id int);",
    "enums in place": "CREATE TABLE a (kind enum('x','y'));",
}
SQLITE = {
    "counters": "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);",
    "settings": "PRAGMA foreign_keys = ON;\nCREATE TABLE a (id int);",
    "brackets": "CREATE TABLE [a] ([id] INTEGER);",
    "numbers of rows, and moments": "CREATE TABLE a (id INTEGER PRIMARY KEY, at DATETIME);",
    "quotes beside its own words": "CREATE TABLE `a` (`id` int) WITHOUT ROWID;",
    "strict tables": "CREATE TABLE a (id int) STRICT;",
}
POSTGRES = {
    "plain": "CREATE TABLE a (id integer PRIMARY KEY, n double precision, at timestamp);",
    "words in a comment": "-- was AUTO_INCREMENT, ENGINE=InnoDB\n/* `id` DATETIME */\nCREATE TABLE a (id int);",
    "words in a text": "CREATE TABLE a (t text DEFAULT 'ENGINE=InnoDB `x` AUTOINCREMENT');",
    "its own types beside": "CREATE TABLE a (id bigserial, at timestamptz, `odd` int);",
    "SQL Server": "CREATE TABLE [dbo].[a] (id int IDENTITY(1,1), at DATETIME);",
    "arrays": "CREATE TABLE a (tags text[], points int[3]);",
}


@pytest.mark.parametrize("text", MYSQL.values(), ids=MYSQL.keys())
def test_mysql(text: str) -> None:
    assert dialect_of(text) == "mysql"


@pytest.mark.parametrize("text", SQLITE.values(), ids=SQLITE.keys())
def test_sqlite(text: str) -> None:
    assert dialect_of(text) == "sqlite"


@pytest.mark.parametrize("text", POSTGRES.values(), ids=POSTGRES.keys())
def test_what_is_left_to_postgres(text: str) -> None:
    assert dialect_of(text) is None


@given(st.text())
def test_any_text_is_one_or_none(text: str) -> None:
    found: Dialect | None = dialect_of(text)
    assert found in {None, "mysql", "sqlite"}
