"""Whoever changes the schema is a migration, a test, a script, or found."""

from __future__ import annotations

import pytest

from agent.checklist.schema_changes import schema_changes
from tests.checklist.conftest import GOOD


@pytest.mark.parametrize(
    "code",
    [
        'await pool.execute("CREATE TABLE IF NOT EXISTS users (id uuid)")',
        'await pool.execute(f"""\n  alter table {name} add column x int""")',
        'run("CREATE UNIQUE INDEX users_email ON users (email)")',
        "await connection.run_sync(Base.metadata.create_all)",
        "Base.metadata.drop_all(engine)",
        'await pool.execute("CREATE " + "TABLE users (id uuid)")',
        'await pool.execute(" ".join(["CREATE", "TABLE", "users", "(id uuid)"]))',
        'await pool.execute("CREATE TABLE users (id uuid) -- no PARTITION OF anything")',
        'await pool.execute("CREATE TABLE %s (id uuid)" % name)',
        "await connection.run_sync(User.__table__.create)",
        "connection.execute(CreateTable(users))",
        "Operations(context).create_table('users')",
    ],
)
def test_code_that_changes_the_schema_is_found(code: str) -> None:
    assert schema_changes({"src/start.py": f"async def start() -> None:\n    {code}\n"}) == ("src/start.py:2",)


@pytest.mark.parametrize(
    "code",
    [
        'await pool.execute("CREATE TEMP TABLE ids (id uuid)")',
        'await pool.execute("CREATE TABLE events_2026 PARTITION OF events DEFAULT")',
        '"""CREATE TABLE is what migrations do."""',
        'await pool.execute("SELECT created FROM drops")',
        'log.info("create table by hand if you must")',
        "await table.create_always()",
        'await pool.execute(f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF events DEFAULT")',
        'await pool.execute("ALTER TABLE events ATTACH PARTITION " + name)',
        'path = Path("queries.sql")',
    ],
)
def test_other_code_is_not(code: str) -> None:
    assert schema_changes({"src/start.py": f"async def start() -> None:\n    {code}\n"}) == ()


@pytest.mark.parametrize("path", ["tests/conftest.py", "src/orders/test_rows.py", "scripts/seed.py"])
def test_tests_and_scripts_may(path: str) -> None:
    assert schema_changes({path: 'SQL = "DROP TABLE users"\n'}) == ()


@pytest.mark.parametrize(
    "running",
    [
        {"src/main.py": "from scripts.tables import make\n"},
        {"src/main.py": "from scripts import tables\n"},
        {"src/main.py": 'runpy.run_path("scripts/tables.py")\n'},
        {"src/main.py": 'importlib.import_module("scripts.tables").make()\n'},
        {"src/main.py": "from tools import start\n", "tools/start.py": "from scripts.tables import make\n"},
        {"Dockerfile": "CMD python scripts/tables.py && uvicorn src.main:app\n"},
    ],
)
def test_a_script_that_the_service_runs_may_not(running: dict[str, str]) -> None:
    files = {"scripts/__init__.py": "", "scripts/tables.py": 'SQL = "CREATE TABLE users (id uuid)"\n'}
    assert schema_changes({**files, **running}) == ("scripts/tables.py:1",)


def test_a_service_that_runs_a_file_of_statements_is_found() -> None:
    files = {
        "src/main.py": 'SQL = Path("db/tables.sql").read_text()\n',
        "db/tables.sql": "-- first\ncreate table users (id uuid);\n",
        "db/queries.sql": "SELECT id FROM users;\n",
    }
    assert schema_changes(files) == ("src/main.py:1",)


def test_migrations_may() -> None:
    files = {path.relative_to(GOOD).as_posix(): path.read_text() for path in GOOD.rglob("*.py")}
    assert any("CREATE TABLE" in text for text in files.values())
    assert schema_changes(files, ["migrations/versions"]) == ()


def test_what_looks_like_a_migration_elsewhere_or_is_run_by_the_service_may_not() -> None:
    revision = 'revision = "1"\ndef upgrade() -> None:\n    op.execute("CREATE TABLE users (id uuid)")\n'
    files = {"db/versions/one.py": revision, "src/one.py": revision}
    assert schema_changes(files, ["db/versions"]) == ("src/one.py:3",)
    running = {"db/versions/one.py": revision, "src/main.py": "from db.versions.one import upgrade\n"}
    assert schema_changes(running, ["db/versions"]) == ("db/versions/one.py:3",)
