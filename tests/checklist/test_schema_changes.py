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
    ],
)
def test_other_code_is_not(code: str) -> None:
    assert schema_changes({"src/start.py": f"async def start() -> None:\n    {code}\n"}) == ()


@pytest.mark.parametrize("path", ["tests/conftest.py", "src/orders/test_rows.py", "scripts/seed.py"])
def test_tests_and_scripts_may(path: str) -> None:
    assert schema_changes({path: 'SQL = "DROP TABLE users"\n'}) == ()


def test_migrations_may() -> None:
    files = {path.relative_to(GOOD).as_posix(): path.read_text() for path in GOOD.rglob("*.py")}
    assert any("CREATE TABLE" in text for text in files.values())
    assert schema_changes(files) == ()
