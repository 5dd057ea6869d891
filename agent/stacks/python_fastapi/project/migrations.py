"""The first migration of a new service: the supplied DDL, statement by statement, and its way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.catalog.model import Catalog
from agent.stacks.python_fastapi.project.rendering import render

_VERSIONS = "migrations/versions"


def migration_files(catalog: Catalog) -> Mapping[str, str]:
    """`alembic.ini` and everything below `migrations/`: path → content."""
    up = [statement.sql for statement in catalog.statements]
    ruler = _ruler([*up, *catalog.drops])
    return {
        "alembic.ini": render("migrations/alembic.ini"),
        "migrations/env.py": render("migrations/env.py.jinja"),
        "migrations/script.py.mako": render("migrations/script.py.mako"),
        f"{_VERSIONS}/0001_initial_schema.py": render("migrations/0001_initial_schema.py.jinja", ruler=ruler),
        f"{_VERSIONS}/0001_initial_schema.up.sql": _script(up, ruler),
        f"{_VERSIONS}/0001_initial_schema.down.sql": _script(catalog.drops, ruler),
    }


def _script(statements: Sequence[str], ruler: str) -> str:
    return f"\n{ruler}\n".join(f"{statement.strip()};\n" for statement in statements)


def _ruler(statements: Sequence[str]) -> str:
    """A comment line that stands in no statement, so that splitting at it needs no knowledge of SQL."""
    ruler = "-- ----"
    while any(ruler in statement for statement in statements):
        ruler += "-"
    return ruler
