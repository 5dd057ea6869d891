"""All test files of a new service."""

from __future__ import annotations

from collections.abc import Mapping

from agent.stacks.python_fastapi.project.factories import factories_file
from agent.stacks.python_fastapi.project.integration import integration_files
from agent.stacks.python_fastapi.project.rendering import render
from agent.stacks.python_fastapi.project.shape import Shape


def test_files(shape: Shape, source: Mapping[str, str]) -> Mapping[str, str]:
    """`tests/` for the service whose code is `source`: path → content."""
    tokens = "jwt_secret" in source.get("src/core/config.py", "")
    return {
        "tests/__init__.py": "",
        "tests/conftest.py": render("tests/conftest.py.jinja", tokens=tokens),
        "tests/database.py": render("tests/database.py"),
        "tests/factories.py": factories_file(shape),
        **integration_files(shape),
    }
