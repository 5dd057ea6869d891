"""What goes between a client and PostgreSQL, read on its way."""

from __future__ import annotations

import time

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.postgres.forwarding import forwarded
from tools.postgres.server import Database, PostgresServer
from tools.postgres.wire import Recorder, Statement


def told(recorder: Recorder) -> list[tuple[str, bool, int, str]]:
    return [(one.text, one.bound, one.rows, one.tag) for one in recorder.statements]


def test_statements_rows_and_what_they_did(postgres: PostgresServer, database: Database) -> None:
    recorder = Recorder()
    with forwarded(postgres, recorder) as forward, psycopg.connect(database.url(forward.folder)) as connection:
        connection.execute("CREATE TABLE things (id int PRIMARY KEY)")
        connection.execute("INSERT INTO things SELECT * FROM generate_series(1, %s::int)", (3,))
        assert len(connection.execute("SELECT id FROM things").fetchall()) == 3
    assert told(recorder) == [
        ("BEGIN", False, 0, "BEGIN"),
        ("CREATE TABLE things (id int PRIMARY KEY)", False, 0, "CREATE TABLE"),
        ("INSERT INTO things SELECT * FROM generate_series(1, $1::int)", True, 0, "INSERT 0 3"),
        ("SELECT id FROM things", False, 3, "SELECT 3"),
        ("COMMIT", False, 0, "COMMIT"),
    ]
    assert [one.writes for one in recorder.statements] == [False, False, True, False, False]
    assert all(one.seconds is not None and one.seconds > 0 for one in recorder.statements)
    assert recorder.connections == 1


def test_refusals_with_their_code_and_message(postgres: PostgresServer, database: Database) -> None:
    recorder = Recorder()
    with (
        forwarded(postgres, recorder) as forward,
        psycopg.connect(database.url(forward.folder), autocommit=True) as connection,
    ):
        for statement in ("SELECT nothing", "SELECT 1 / %s"):
            with pytest.raises(psycopg.Error):
                connection.execute(statement, (0,) if "%" in statement else None)
        assert connection.execute("SELECT %s::int", (7,)).fetchone() == (7,)
    assert [one.code for one in recorder.statements] == ["42703", "22012", ""]
    assert [one.text for one in recorder.statements] == ["SELECT nothing", "SELECT 1 / $1", "SELECT $1::int"]
    assert recorder.statements[0].error == 'column "nothing" does not exist'


def test_which_writes_are_committed_together(postgres: PostgresServer, database: Database) -> None:
    recorder = Recorder()
    with (
        forwarded(postgres, recorder) as forward,
        psycopg.connect(database.url(forward.folder), autocommit=True) as connection,
    ):
        connection.execute("CREATE TABLE things (id int PRIMARY KEY)")
        connection.execute("INSERT INTO things VALUES (1)")
        connection.execute("INSERT INTO things VALUES (2)")
        with connection.transaction():
            connection.execute("INSERT INTO things VALUES (3)")
            connection.execute("UPDATE things SET id = 4 WHERE id = 3")
        connection.execute("DELETE FROM things WHERE id = 9")
    wrote = [one for one in recorder.statements if one.wrote]
    assert [one.tag for one in wrote] == ["INSERT 0 1"] * 3 + ["UPDATE 1"]
    assert len({one.transaction for one in wrote}) == 3
    assert wrote[2].transaction == wrote[3].transaction


def test_many_executions_in_one_group(postgres: PostgresServer, database: Database) -> None:
    recorder = Recorder()
    with (
        forwarded(postgres, recorder) as forward,
        psycopg.connect(database.url(forward.folder), autocommit=True) as connection,
        connection.pipeline(),
    ):
        cursors = [connection.execute("SELECT generate_series(1, %s::int)", (count,)) for count in (2, 5, 0)]
        assert [len(cursor.fetchall()) for cursor in cursors] == [2, 5, 0]
    assert [one.rows for one in recorder.statements if "series" in one.text] == [2, 5, 0]


def test_a_slow_database(postgres: PostgresServer, database: Database) -> None:
    recorder = Recorder()
    with (
        forwarded(postgres, recorder) as forward,
        psycopg.connect(database.url(forward.folder), autocommit=True) as connection,
    ):
        recorder.delay = 0.2
        started = time.perf_counter()
        connection.execute("SELECT 1")
        assert time.perf_counter() - started >= 0.2


def message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4) + body


CLIENT = (8).to_bytes(4) + (196608).to_bytes(4) + message(b"P", b"\0SELECT $1\0\0\0") + message(b"B", b"\0\0\0\0")
CLIENT += message(b"E", b"\0\0\0\0\0") + message(b"S", b"") + message(b"Q", b"SELECT 2\0")
SERVER = message(b"R", b"\0\0\0\0") + message(b"D", b"\0\0") * 2 + message(b"C", b"SELECT 2\0") + message(b"Z", b"I")
SERVER += message(b"E", b"C42P01\0Mgone\0\0") + message(b"Z", b"I")


@given(st.lists(st.integers(1, 40), min_size=1), st.lists(st.integers(1, 40), min_size=1))
def test_pieces_of_any_size_are_read_alike(first: list[int], second: list[int]) -> None:
    recorder = Recorder()
    wire = recorder.connection()
    for piece in pieces(CLIENT, first):
        wire.sent(piece)
    for piece in pieces(SERVER, second):
        wire.received(piece)
    assert [(one.text, one.bound, one.rows, one.code) for one in recorder.statements] == [
        ("SELECT $1", True, 2, ""),
        ("SELECT 2", False, 0, "42P01"),
    ]


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_nonsense_disturbs_nobody(sent: bytes, received: bytes) -> None:
    wire = Recorder().connection()
    wire.sent(CLIENT + sent)
    wire.received(received)
    wire.sent(sent)


def test_a_write_is_told_by_its_tag() -> None:
    statement = Statement("WITH a AS (SELECT 1) INSERT INTO b SELECT 1", 1, True, 0.0)
    assert not statement.writes
    statement.tag = "INSERT 0 1"
    assert statement.writes


def pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    found, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        found.append(data[at : at + size])
        at, turn = at + size, turn + 1
    return found
