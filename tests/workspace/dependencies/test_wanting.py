"""What projects say that they run on, as they say it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.workspace.dependencies.wanting import python_wanted, wanted, wanted_by_tests

POETRY = """
[tool.poetry.dependencies]
python = "^3.12"
fastapi = "^0.115.2"
sqlalchemy = { extras = ["asyncio"], version = "^2.0" }
humanize = "*"
rich = "~13.7"
orjson = "3.10.0"
httpx = ">=0.27,<1"
ours = { path = "../ours" }
extra = { version = "1", optional = true }

[tool.poetry.group.dev.dependencies]
faker = "^30"
ruff = "*"
"""
GROUPS = """
[project]
dependencies = ["fastapi"]
optional-dependencies = { test = ["faker>=30"], docs = ["sphinx"] }

[dependency-groups]
dev = ["black", "factory-boy", "types-redis", { include-group = "test" }]
"""


@pytest.mark.parametrize(
    ("files", "runs_on", "tests_need"),
    [
        ({}, [], []),
        ({"pyproject.toml": '[project]\ndependencies = ["a>=1", "not one!", "b @ https://x/b.whl"]'}, ["a>=1"], []),
        ({"pyproject.toml": "[tool.ruff]", "requirements.txt": "a==1 # why\n\n-e .\nb\n"}, ["a==1", "b"], []),
        ({"requirements.txt": "-r base/in.txt\nb", "base/in.txt": "-r more.txt", "base/more.txt": "a"}, ["a", "b"], []),
        ({"requirements.txt": "-r requirements.txt\na"}, ["a"], []),
        ({"requirements.txt": "a", "requirements-dev.txt": "-r requirements.txt\nc"}, ["a"], ["a", "c"]),
        ({"pyproject.toml": GROUPS}, ["fastapi"], ["factory-boy", "faker>=30"]),
        (
            {"pyproject.toml": POETRY},
            [
                "fastapi<0.116,>=0.115.2",
                "sqlalchemy[asyncio]<3,>=2.0",
                "humanize",
                "rich<13.8,>=13.7",
                "orjson==3.10.0",
                "httpx<1,>=0.27",
            ],
            ["faker<31,>=30"],
        ),
        ({"pyproject.toml": "[project", "requirements.txt": "a"}, ["a"], []),
    ],
)
def test_it_is_read_in_each_form(files: dict[str, str], runs_on: list[str], tests_need: list[str]) -> None:
    assert list(dict.fromkeys(map(str, wanted(files)))) == runs_on
    assert list(map(str, wanted_by_tests(files))) == tests_need


@pytest.mark.parametrize(
    ("project", "wants"),
    [
        ("[project]\nrequires-python = '>=3.12'", ">=3.12"),
        ("[tool.poetry.dependencies]\npython = '^3.12'", ">=3.12,<4"),
        ("[project]\nname = 'x'", None),
        ("[project]\nrequires-python = 3.12", None),
    ],
)
def test_python_s_versions_are_read(project: str, wants: str | None) -> None:
    assert python_wanted({"pyproject.toml": project}) == wants


@given(st.text(), st.text())
def test_any_files_are_read(project: str, requirements: str) -> None:
    files = {"pyproject.toml": project, "requirements.txt": requirements}
    assert isinstance(wanted(files), tuple)
    assert isinstance(wanted_by_tests(files), tuple)
