"""A script is cut where its server would cut it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.catalog.dialects.cutting import Cut, cut
from agent.catalog.dialects.detecting import Dialect


def test_semicolons_in_texts_names_and_comments_end_nothing() -> None:
    text = "-- a; b\nCREATE TABLE `x;y` (a text DEFAULT 'it\\'s; ''so'); # c;\n/* d; */ DROP TABLE e;"
    assert list(cut(text, "mysql")) == [
        Cut("CREATE TABLE `x;y` (a text DEFAULT 'it\\'s; ''so')", 2),
        Cut("DROP TABLE e", 3),
    ]


def test_a_delimiter_is_obeyed_until_the_next_one() -> None:
    text = (
        "DELIMITER $$\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a = 1; END $$\nDELIMITER ;\nDROP a;"
    )
    first, second = cut(text, "mysql")
    assert first.sql.endswith("SET @a = 1; END")
    assert second == Cut("DROP a", 4)


def test_a_trigger_of_sqlite_ends_with_its_end() -> None:
    text = "CREATE TRIGGER t AFTER UPDATE ON a BEGIN\n UPDATE a SET b = 1;\nEND;\nCREATE TABLE [c;d] (e);"
    first, second = cut(text, "sqlite")
    assert first.sql.endswith("b = 1;\nEND")
    assert second == Cut("CREATE TABLE [c;d] (e)", 4)


def test_the_last_statement_needs_no_end() -> None:
    assert list(cut("\n\nSELECT 1", "sqlite")) == [Cut("SELECT 1", 3)]


@pytest.mark.parametrize("dialect", ["mysql", "sqlite"])
@given(text=st.text(alphabet="ab ;'\"`[]-#/*\n\\$"))
def test_nothing_is_made_up_and_lines_are_right(dialect: Dialect, text: str) -> None:
    for one in cut(text, dialect):
        assert text.split("\n", one.line - 1)[-1].find(one.sql) >= 0
