"""Every SQL file that cannot be used is told with its file, its line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.catalog.loading import load_catalog
from agent.errors import CatalogError, ExitCode
from tools.postgres.server import PostgresServer

EXTENSIONS = r".*\bcitext\b.*gen_random_uuid\(\) is built in.*AGENT_POSTGRES_DSN.*"

CASES = {
    "empty": ("", r"schema.sql: no SQL statement in it"),
    "only comments": ("-- nothing\n/* here */\n", r"schema.sql: no SQL statement in it"),
    "only blanks": ("\n \n\t\n", r"schema.sql: no SQL statement in it"),
    "no table": ("CREATE TYPE a AS ENUM ('x');", r"schema.sql: defines no table"),
    "only data": ("INSERT INTO a VALUES (1);", r"schema.sql: defines no table"),
    "only transactions": ("BEGIN;\nCOMMIT;", r"schema.sql: defines no table"),
    "only a psql include": (
        "\\i tables.sql\n",
        r"schema.sql:1: psql's \\i is never carried out: name that file in the task's list of schema files instead",
    ),
    "a shell command": (
        "CREATE TABLE a (id int);\n  \\! touch /tmp/escaped\n",
        r"schema.sql:2: psql's \\! is never carried out: take it out",
    ),
    "copying from the client": (
        "CREATE TABLE a (id int);\n\\copy a from 'rows.csv'",
        r"schema.sql:2: psql's \\copy is never carried out: data is not needed here: leave it out",
    ),
    "two psql commands": (
        "\\ir a.sql\nCREATE TABLE a (id int);\n\\gexec",
        r"schema.sql:1: psql's \\ir .*instead\nschema.sql:3: psql's \\gexec .*take it out",
    ),
    "a psql command behind a statement": (
        "CREATE TABLE a (id int)\n  \\gexec;",
        r"schema.sql:2: psql's \\gexec; is never carried out: take it out",
    ),
    "a program of the server": (
        "CREATE TABLE a (id int);\n\n-- rows\nCOPY a FROM PROGRAM 'id';",
        r"schema.sql:4: COPY with a program of the server is never carried out: leave it out",
    ),
    "a file of the server": (
        "CREATE TABLE a (id int);\nCOPY a FROM '/etc/passwd';",
        r"schema.sql:2: COPY with a file of the server is never carried out: leave it out",
    ),
    "a rollback": (
        "BEGIN;\nCREATE TABLE a (id int);\nROLLBACK;",
        r"schema.sql:3: ROLLBACK takes back what the file defines: leave it out",
    ),
    "two databases": (
        "CREATE DATABASE a;\n\\c a\nCREATE TABLE a (id int);\nCREATE DATABASE b;",
        r"schema.sql:4: a second CREATE DATABASE: supply the statements of one database only",
    ),
    "a syntax error": (
        "CREATE TABLE a (id int);\n-- second\nCREATE TABLE b (\n  id int,\n  name text,\n);",
        r'schema.sql:6: syntax error at or near "\)"',
    ),
    "a missing semicolon": (
        "CREATE TABLE a (id int)\nCREATE TABLE b (id int);",
        r'schema.sql:2: syntax error at or near "CREATE"; is a semicolon missing before it\?',
    ),
    "an open string": (
        "CREATE TABLE a (id int);\nCOMMENT ON TABLE a IS 'never closed;\n",
        r"schema.sql:2: unterminated quoted string at or near .*",
    ),
    "an open function body": (
        "CREATE TABLE a (id int);\n\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1;\n",
        r"schema.sql:3: unterminated dollar-quoted string .*",
    ),
    "an open comment": ("CREATE TABLE a (id int);\n/* never closed", r"schema.sql:2: unterminated /\* comment.*"),
    "SQL Server's counters": (
        "CREATE TABLE books (id int IDENTITY(1,1) PRIMARY KEY);",
        r'schema.sql:1: syntax error at or near "IDENTITY"; this is SQL Server\'s dialect; PostgreSQL\'s is needed',
    ),
    "MySQL's quotes beside PostgreSQL's types": (
        "CREATE TABLE `books` (\n  `id` bigserial\n);",
        r'schema.sql:1: syntax error at or near "`"; this is MySQL\'s dialect; PostgreSQL\'s is needed',
    ),
    "a type of MySQL without counterpart": (
        "CREATE TABLE `books` (`id` int);\nCREATE TABLE `places` (\n  `at` geometry\n);",
        r"schema.sql:2: `CREATE TABLE `places` .*` in MySQL's dialect cannot be translated: .*; write it as Po.*",
    ),
    "a change of what MySQL does not have": (
        "ALTER TABLE `books` ADD KEY `k` (`id`);",
        r"schema.sql:1: .* cannot be translated: there is no table books before it; write it as PostgreSQL's",
    ),
    "MySQL without a table": ("SET NAMES `utf8mb4`;\nINSERT INTO `a` VALUES (1);", r"schema.sql: defines no table"),
    "one table of SQLite twice": (
        "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);\nCREATE TABLE A (b);",
        r"schema.sql:2: .* there is a table A already; write it as PostgreSQL's",
    ),
    "a table that is not there": (
        "CREATE TABLE a (\n  id int PRIMARY KEY,\n  b_id int REFERENCES b (id)\n);",
        r'schema.sql:1: relation "b" does not exist',
    ),
    "a column that is not there": (
        "CREATE TABLE a (id int);\nCREATE INDEX ON a (name);",
        r'schema.sql:2: column "name" does not exist',
    ),
    "a type that is not there": (
        "CREATE TABLE a (\n\n  kind mood\n);",
        r'schema.sql:3: type "mood" does not exist',
    ),
    "a table twice": (
        "CREATE TABLE a (id int);\n-- again\nCREATE TABLE a (id int);",
        r'schema.sql:3: relation "a" already exists',
    ),
    "a key to what is not unique": (
        "CREATE TABLE a (id int);\nCREATE TABLE b (a_id int REFERENCES a (id));",
        r'schema.sql:2: there is no unique constraint matching given keys for referenced table "a"',
    ),
    "an extension that something needs": (
        'CREATE EXTENSION "uuid-ossp";\nCREATE TABLE a (id uuid DEFAULT uuid_generate_v4());',
        r"schema.sql:2: function uuid_generate_v4\(\) does not exist; use gen_random_uuid\(\), which is built in.*\n"
        r'schema.sql:1: extension "uuid-ossp" is not available; this server has' + EXTENSIONS,
    ),
    "a superuser's extension that something needs": (
        "CREATE EXTENSION dblink;\nCREATE TABLE a (id int);\nCREATE VIEW b AS SELECT dblink_get_connections();",
        r"schema.sql:3: function dblink_get_connections\(\) does not exist.*\nschema.sql:1: permission denied .*",
    ),
    "an index made concurrently": (
        "CREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY b ON a (id);",
        r"schema.sql:2: CREATE INDEX CONCURRENTLY cannot run inside a transaction block; .*leave out CONCURRENTLY",
    ),
    "a variable of psql": (
        "CREATE TABLE a (id int DEFAULT :start);",
        r'schema.sql:1: syntax error at or near ":"',
    ),
    "an assertion of the file": (
        "CREATE TABLE a (id int);\nDO $$ BEGIN RAISE EXCEPTION 'too old'; END $$;",
        r"schema.sql:2: too old",
    ),
}

FILES = {
    "Latin-1": (
        "CREATE TABLE a (id int);\n-- Bücher\n".encode("latin-1"),
        r"schema.sql:2: is not UTF-8 \(byte 0xfc\).*",
    ),
    "UTF-16": ("CREATE TABLE a (id int);".encode("utf-16"), r"schema.sql: is UTF-16: save it as UTF-8"),
    "a binary file": (b"\x7fELF\x00\x00", r"schema.sql: is binary, not SQL text"),
    "a dump in its own format": (
        b"PGDMP\x01\x0e\x00",
        r"schema.sql: a dump in PostgreSQL's own format: .*`pg_restore -f`",
    ),
}


@pytest.mark.parametrize(("text", "message"), CASES.values(), ids=CASES.keys())
def test_text(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    _assert_refused(postgres, tmp_path, monkeypatch, text.encode(), message)


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES.keys())
def test_bytes(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str
) -> None:
    _assert_refused(postgres, tmp_path, monkeypatch, content, message)


def test_a_missing_file(postgres: PostgresServer, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"nowhere.sql: cannot be read: No such file or directory"):
        load_catalog(postgres, [tmp_path / "nowhere.sql"])


def test_a_folder(postgres: PostgresServer, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"cannot be read: Is a directory"):
        load_catalog(postgres, [tmp_path])


def test_problems_of_all_files_are_told(postgres: PostgresServer, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("\\i b.sql")
    (tmp_path / "b.sql").write_text("")
    with pytest.raises(CatalogError) as caught:
        load_catalog(postgres, [tmp_path / "a.sql", tmp_path / "b.sql"])
    assert [problem.place for problem in caught.value.problems] == [f"{tmp_path}/a.sql:1", f"{tmp_path}/b.sql"]


def test_the_second_of_two_files_is_named(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("first.sql").write_text("SET search_path = '';\nCREATE TABLE public.a (id int)")
    Path("second.sql").write_text("CREATE TABLE b (id int);\nCREATE TABLE a (id int);\n")
    with pytest.raises(CatalogError, match=r"^second.sql:2: relation \"a\" already exists$"):
        load_catalog(postgres, [Path("first.sql"), Path("second.sql")])


def _assert_refused(
    postgres: PostgresServer, folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str
) -> None:
    monkeypatch.chdir(folder)
    Path("schema.sql").write_bytes(content)
    with pytest.raises(CatalogError, match=f"^{message}$") as caught:
        load_catalog(postgres, [Path("schema.sql")])
    assert caught.value.exit_code is ExitCode.BAD_INPUT
    assert list(folder.iterdir()) == [folder / "schema.sql"]
    assert not Path("/tmp/escaped").exists()
