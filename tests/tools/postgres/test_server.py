"""A server of one's own: databases, their owners, and what an owner may not do."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from tools.errors import ServerUnavailable
from tools.postgres.server import Database, PostgresServer, postgres_server

_RUNTIME = """
import sys, time
from tools.postgres.server import postgres_server
with postgres_server(dsn=sys.argv[1]) as server:
    print(server.create_database().name, flush=True)
    time.sleep(600)
"""


def _databases(admin: psycopg.Connection, name: str) -> int:
    return len(admin.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchall())


def _wait_for_the_end_of(admin: psycopg.Connection, role: str) -> None:
    for _ in range(1200):
        if not admin.execute("SELECT FROM pg_stat_activity WHERE usename = %s", (role,)).fetchall():
            return
        time.sleep(0.05)


def test_an_owner_works_in_its_database(postgres: PostgresServer, database: Database) -> None:
    with postgres.connect_as_owner(database) as connection:
        connection.execute("CREATE TABLE books (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), title text)")
        connection.execute("INSERT INTO books (title) VALUES ('Emma')")
        assert connection.execute("SELECT title FROM books").fetchall() == [("Emma",)]


def test_its_address_is_enough_to_connect(postgres: PostgresServer, database: Database) -> None:
    url = database.url(postgres.socket_folder)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_user, current_database()").fetchone() == (
            database.role,
            database.name,
        )
    assert conninfo_to_dict(url)["host"] == str(postgres.socket_folder)


def test_the_version_is_new_enough(postgres: PostgresServer) -> None:
    assert postgres.version >= 160000
    assert postgres.version_text.split(".")[0] == str(postgres.version // 10000)


def test_text_is_compared_in_unicode(postgres: PostgresServer, database: Database) -> None:
    with postgres.connect(database) as connection:
        assert connection.execute("SELECT lower('ÄÖ'), 'Émile' ILIKE 'é%'").fetchone() == ("äö", True)


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO PROGRAM 'touch /tmp/escaped'",
        "COPY (SELECT 1) TO '/tmp/escaped'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "CREATE EXTENSION file_fdw",
        "CREATE FUNCTION escape() RETURNS int LANGUAGE c AS '/lib/x86_64-linux-gnu/libc.so.6', 'getpid'",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER ROLE postgres PASSWORD 'known'",
        "CREATE ROLE another SUPERUSER",
        "CREATE DATABASE another",
        "ALTER SYSTEM SET fsync = on",
    ],
)
def test_an_owner_is_no_superuser(postgres: PostgresServer, database: Database, statement: str) -> None:
    with postgres.connect_as_owner(database) as connection:
        connection.autocommit = True
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement)


@pytest.mark.parametrize("password", ["", "postgres"])
def test_nobody_becomes_the_admin_without_its_password(
    postgres: PostgresServer, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", "/dev/null")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=str(postgres.socket_folder), user="postgres", password=password, dbname="postgres")


def test_an_owner_enters_no_other_database(postgres: PostgresServer, database: Database) -> None:
    with postgres.database() as other, pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(database.url(postgres.socket_folder), dbname=other.name)


def test_an_owner_creates_trusted_extensions(postgres: PostgresServer, database: Database) -> None:
    with postgres.connect_as_owner(database) as connection:
        connection.execute("CREATE EXTENSION citext")
        assert connection.execute("SELECT 'A'::citext = 'a'::citext").fetchone() == (True,)


def test_a_copy_belongs_to_its_own_owner(postgres: PostgresServer, database: Database) -> None:
    with postgres.connect_as_owner(database) as connection:
        connection.execute("CREATE EXTENSION citext")
        connection.execute("CREATE SCHEMA shop CREATE TABLE books (title citext)")
        connection.execute("INSERT INTO shop.books VALUES ('Emma')")
    with postgres.database(database) as copy:
        with postgres.connect_as_owner(copy) as connection:
            assert connection.execute("SELECT title FROM shop.books").fetchall() == [("Emma",)]
            connection.execute("DROP TABLE shop.books")
            connection.execute("DROP EXTENSION citext")
        with postgres.connect_as_owner(database) as connection:
            connection.execute("ALTER TABLE shop.books ADD COLUMN pages integer")
        with postgres.connect(database) as connection:
            owner = connection.execute(
                "SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()"
            )
            assert owner.fetchone() == (database.role,)


def test_several_threads_copy_one_template(postgres: PostgresServer, database: Database) -> None:
    with postgres.connect_as_owner(database) as connection:
        connection.execute("CREATE TABLE books (title text)")
    with ThreadPoolExecutor(4) as pool:
        copies = list(pool.map(postgres.create_database, [database] * 8))
    try:
        for copy in copies:
            with postgres.connect_as_owner(copy) as connection:
                connection.execute("DROP TABLE books")
    finally:
        for copy in copies:
            postgres.drop_database(copy)


def test_a_connection_that_is_just_ending_does_not_stop_a_copy(postgres: PostgresServer, database: Database) -> None:
    connection = psycopg.connect(database.url(postgres.socket_folder))
    timer = threading.Timer(0.3, connection.close)
    timer.start()
    with postgres.database(database) as copy:
        assert copy.name != database.name
    timer.join()


def test_a_dropped_database_leaves_no_role(postgres: PostgresServer) -> None:
    with postgres.database() as gone:
        held = psycopg.connect(gone.url(postgres.socket_folder))
    with postgres.administer() as connection:
        left = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (gone.role,)).fetchall()
    assert left == []
    with pytest.raises(psycopg.OperationalError):
        held.execute("SELECT 1")
    postgres.drop_database(gone)


def test_passwords_are_not_printed(postgres: PostgresServer, database: Database) -> None:
    assert database.password not in repr(database)
    assert "password" not in repr(postgres)


class TestAServerOfOthers:
    def test_an_ordinary_role_that_may_make_databases_is_enough(
        self, postgres: PostgresServer, database: Database
    ) -> None:
        with postgres.administer() as admin:
            admin.execute("CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD 'secret'")
            admin.execute(f"GRANT CONNECT ON DATABASE {database.name} TO maker")
            dsn = f"postgresql://maker:secret@/{database.name}?host={postgres.socket_folder}"
            try:
                with postgres_server(dsn=dsn) as server:
                    assert not server.own
                    first = server.create_database()
                    with server.connect_as_owner(first) as connection:
                        connection.execute("CREATE TABLE books (title text)")
                    with server.database(first) as second, server.connect_as_owner(second) as connection:
                        connection.execute("DROP TABLE books")
                left = admin.execute("SELECT FROM pg_database WHERE datname = %s", (first.name,)).fetchall()
                roles = admin.execute("SELECT FROM pg_roles WHERE rolname = %s", (first.role,)).fetchall()
                assert (left, roles) == ([], [])
            finally:
                admin.execute(f"REVOKE ALL ON DATABASE {database.name} FROM maker")
                admin.execute("DROP ROLE maker")

    def test_a_role_without_the_powers_is_told_what_it_needs(
        self, postgres: PostgresServer, database: Database
    ) -> None:
        needed = rf'ALTER ROLE "{database.role}" CREATEDB CREATEROLE;'
        with pytest.raises(ServerUnavailable, match=needed), postgres_server(dsn=database.url(postgres.socket_folder)):
            pass

    def test_databases_are_dropped_after_an_error_too(self, postgres: PostgresServer) -> None:
        with postgres.administer() as admin:
            admin.execute("CREATE ROLE superior SUPERUSER LOGIN PASSWORD 'secret'")
            dsn = f"postgresql://superior:secret@/postgres?host={postgres.socket_folder}"
            try:
                with ExitStack() as stack:
                    stack.enter_context(pytest.raises(ZeroDivisionError))
                    made = stack.enter_context(postgres_server(dsn=dsn)).create_database()
                    _ = 1 / 0
                assert admin.execute("SELECT FROM pg_database WHERE datname = %s", (made.name,)).fetchall() == []
            finally:
                admin.execute("DROP ROLE superior")

    @pytest.mark.parametrize("elsewhere", [False, True], ids=["by the same database", "by another database"])
    def test_what_a_killed_run_left_is_swept_by_the_next(
        self, postgres: PostgresServer, database: Database, elsewhere: bool
    ) -> None:
        with postgres.administer() as admin:
            admin.execute("CREATE ROLE superior SUPERUSER LOGIN PASSWORD 'secret'")
            dsn = f"postgresql://superior:secret@/postgres?host={postgres.socket_folder}"
            its = dsn.replace("/postgres?", f"/{database.name}?") if elsewhere else dsn
            command = [sys.executable, "-c", _RUNTIME, its]
            try:
                with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as runtime:
                    assert runtime.stdout is not None
                    left = runtime.stdout.readline().strip()
                    try:
                        with postgres_server(dsn=dsn):
                            assert _databases(admin, left) == 1, "its run lives"
                    finally:
                        runtime.kill()
                _wait_for_the_end_of(admin, "superior")
                with postgres_server(dsn=dsn):
                    assert _databases(admin, left) == 0
            finally:
                admin.execute("DROP ROLE superior")

    def test_an_address_where_nothing_listens_is_told(self, tmp_path: Path) -> None:
        dsn = f"postgresql://someone@/db?host={tmp_path}"
        with pytest.raises(ServerUnavailable, match="AGENT_POSTGRES_DSN cannot be reached"), postgres_server(dsn=dsn):
            pass
