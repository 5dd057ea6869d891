"""Splitting SQL files: what is a statement, what is psql's, what is data."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.catalog.script import Piece, Purpose, script_text, split_script
from agent.errors import CatalogError

BODIES = (
    "SELECT 1",
    "CREATE TABLE \"bıg ; name\" (a int DEFAULT 1, b text DEFAULT 'it''s; ok')",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $x$ SELECT 1; -- 'odd\n $x$",
    "CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
    "COMMENT ON TABLE a IS E'back\\'slash\n\\i here'",
    "INSERT INTO a VALUES ('ü')",
)
COMMENTS = ("", "-- a; comment's\n", "/* block; 'x */ ", "\n\n", "/* nested /* twice */ */\n")


@given(st.lists(st.tuples(st.sampled_from(COMMENTS), st.sampled_from(BODIES)), min_size=1, max_size=6), st.booleans())
def test_statements_come_back_as_they_were(parts: list[tuple[str, str]], closed: bool) -> None:
    text = ";\n".join(comment + body for comment, body in parts) + (";" if closed else "")
    pieces = split_script(text, "a.sql")
    assert [piece.sql for piece in pieces] == [(comment + body).strip() for comment, body in parts]
    lines = text.split("\n")
    for piece in pieces:
        assert (
            lines[piece.line - 1].endswith(piece.sql.split("\n")[0])
            or piece.sql.split("\n")[0] in lines[piece.line - 1]
        )


@given(st.text(alphabet=st.sampled_from("ab ;'\"$-/*\\\n()\t\x00éCOPY1.,:[]"), max_size=60))
def test_any_text_gives_pieces_or_a_catalog_error(text: str) -> None:
    with suppress(CatalogError):
        assert split_script(text, "a.sql")


@pytest.mark.parametrize(
    ("sql", "purpose"),
    [
        ("CREATE TABLE a (id int)", Purpose.DEFINE),
        ("CREATE TABLE a AS SELECT 1", Purpose.DEFINE),
        ("SELECT 1 AS one INTO a", Purpose.DEFINE),
        ("DO $$ BEGIN END $$", Purpose.DEFINE),
        ("SELECT create_everything()", Purpose.DEFINE),
        ("this is no SQL", Purpose.DEFINE),
        ("ALTER TABLE a OWNER TO b, ADD c int", Purpose.DEFINE),
        ("ALTER TABLE a OWNER TO b", Purpose.SKIP),
        ("CREATE TABLE public.alembic_version (version_num varchar(32))", Purpose.SKIP),
        ("ALTER TABLE ONLY alembic_version ADD CONSTRAINT pkc PRIMARY KEY (version_num)", Purpose.SKIP),
        ("DROP TABLE a", Purpose.DEFINE),
        ("DROP TABLE IF EXISTS a", Purpose.CLEAR),
        ("CREATE EXTENSION citext", Purpose.EXTENSION),
        ("CREATE EXTENSION plpgsql", Purpose.SKIP),
        ("COMMENT ON EXTENSION citext IS 'x'", Purpose.SKIP),
        ("COMMENT ON TABLE a IS 'x'", Purpose.DEFINE),
        ("CREATE SCHEMA public", Purpose.SKIP),
        ("CREATE SCHEMA app", Purpose.DEFINE),
        ("CREATE ROLE me", Purpose.SKIP),
        ("GRANT ALL ON a TO me", Purpose.SKIP),
        ("INSERT INTO a VALUES (1)", Purpose.SKIP),
        ("BEGIN", Purpose.SKIP),
        ("SET search_path = a", Purpose.SETTING),
        ("SET statement_timeout = 0", Purpose.SKIP),
        ("SET ROLE me", Purpose.SKIP),
        ("SET SESSION AUTHORIZATION me", Purpose.SKIP),
        ("SELECT pg_catalog.set_config('search_path', '', false)", Purpose.SETTING),
        ("SELECT set_config('role', 'me', false)", Purpose.SKIP),
        ("SELECT pg_catalog.setval('a', 1)", Purpose.QUERY),
        ("SELECT 1", Purpose.QUERY),
    ],
)
def test_what_becomes_of_a_statement(sql: str, purpose: Purpose) -> None:
    (piece,) = split_script(sql, "a.sql")
    assert piece.purpose is purpose


def test_copied_rows_are_passed_over_whatever_they_hold() -> None:
    text = "COPY a (b) FROM stdin;\nit's; $$ -- /*\n\\N\t\\x\n\\.\nCREATE TABLE c (d int);\n"
    copy, table = split_script(text, "a.sql")
    assert (copy.sql, copy.purpose) == ("COPY a (b) FROM stdin", Purpose.SKIP)
    assert (table.sql, table.line) == ("CREATE TABLE c (d int)", 5)


def test_psqls_harmless_commands_are_passed_over() -> None:
    text = "\\restrict x\n\\connect a\n\\set ON_ERROR_STOP on\n\\echo 'it''s\nCREATE TABLE a (b int);\n\\unrestrict x\n"
    (piece,) = split_script(text, "a.sql")
    assert piece == Piece("CREATE TABLE a (b int)", "a.sql", 5, Purpose.DEFINE)


def test_a_command_within_a_text_or_a_body_belongs_to_it() -> None:
    text = "SELECT '\n\\i x\n';\nCREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT '\n\\! y\n' $$;\n"
    assert [piece.sql for piece in split_script(text, "a.sql")] == [part.strip() for part in text.split(";\n")[:2]]


def test_a_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_bytes(b"\xef\xbb\xbfCREATE TABLE a (\r\n  b int\r\n);\r\n")
    (piece,) = split_script(script_text(path), str(path))
    assert piece.sql == "CREATE TABLE a (\n  b int\n)"
