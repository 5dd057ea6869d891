"""Data is in PostgreSQL when the server has seen it change; an open connection says nothing."""

from __future__ import annotations

import pytest

from agent.checklist.observing.keeping import Kept, problems_of, written
from tools.postgres.wire import Statement


def kept(operation: str, *, seen: bool, changes: bool = True, table: str = "notes") -> Kept:
    return Kept(operation, table, changes, "INSERT 0 1" if seen else "")


def statement(text: str, tag: str, code: str = "") -> Statement:
    return Statement(text=text, connection=1, bound=True, began=0.0, tag=tag, code=code)


@pytest.mark.parametrize(
    "found",
    [
        [],
        [kept("POST /notes", seen=True)],
        [kept("POST /notes", seen=True), kept("GET /notes", seen=False, changes=False)],
        [kept("POST /notes", seen=True), kept("DELETE /notes/{id}", seen=False)],
        [kept("GET /notes", seen=True, changes=False), kept("GET /tags", seen=False, changes=False, table="tags")],
    ],
)
def test_what_the_server_has_seen_is_kept_there(found: list[Kept]) -> None:
    assert list(problems_of(found)) == []


def test_a_table_of_which_nothing_changed_is_kept_elsewhere() -> None:
    found = [
        kept("POST /users", seen=True, table="users"),
        kept("POST /notes", seen=False),
        kept("DELETE /notes/{id}", seen=False),
        kept("GET /notes", seen=True, changes=False),
    ]
    assert list(problems_of(found)) == [
        "POST /notes, DELETE /notes/{id} succeeded, and no row of notes changed: "
        "the service keeps them elsewhere, or not at all"
    ]


def test_who_only_reads_has_to_ask_the_server() -> None:
    found = [kept("GET /notes", seen=False, changes=False)]
    assert list(problems_of(found)) == ["GET /notes succeeded, and the server was sent no statement"]


@pytest.mark.parametrize(
    ("one", "seen"),
    [
        (statement("INSERT INTO notes (a) VALUES ($1)", "INSERT 0 1"), "INSERT 0 1"),
        (statement('UPDATE "app"."notes" SET a = 1', "UPDATE 3"), "UPDATE 3"),
        (statement("UPDATE notes SET a = 1", "UPDATE 0"), ""),
        (statement("INSERT INTO notes (a) VALUES ($1)", "", code="23505"), ""),
        (statement("INSERT INTO note_events (a) VALUES ($1)", "INSERT 0 1"), ""),
        (statement("SELECT a FROM notes", "SELECT 1"), ""),
    ],
)
def test_what_counts_as_a_change_of_the_tables_rows(one: Statement, seen: str) -> None:
    assert written("notes", [one]) == seen
    assert written("app.notes", [one]) == seen
