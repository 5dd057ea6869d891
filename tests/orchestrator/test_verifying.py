"""What is said of a folder beside its verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.orchestrator.verifying import lies_deeper


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"backend/pyproject.toml": "", "package.json": ""}, "agent verify shop/backend."),
        ({"b/requirements.txt": "", "a/setup.py": ""}, "agent verify shop/a or agent verify shop/b."),
        ({"backend/pyproject.toml": "", "pyproject.toml": ""}, None),
        ({"main.py": ""}, None),
    ],
)
def test_a_project_in_a_folder_of_the_folder_is_named(files: dict[str, str], said: str | None) -> None:
    found = lies_deeper(files, Path("shop"))
    assert len(found) == (said is not None)
    assert all(one.endswith(said or "") for one in found)
