from __future__ import annotations

import pytest

from agent.stacks.base import DatabaseAccess, ServiceBroken
from agent.stacks.python_fastapi.application import (
    Application,
    alembic_config,
    declares,
    find_application,
    service_environment,
)

URL = "postgresql://role@/name?host=/run/postgres"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"src/main.py": "app = FastAPI()"}, Application("src.main:app", factory=False)),
        ({"app/main.py": "app: FastAPI = FastAPI()"}, Application("app.main:app", factory=False)),
        ({"main.py": "from service import app"}, Application("main:app", factory=False)),
        ({"src/main.py": "def create_app():\n    ..."}, Application("src.main:create_app", factory=True)),
        (
            {"src/main.py": "def create_app(): ...\napp = create_app()", "main.py": "app = 1"},
            Application("src.main:app", factory=False),
        ),
        ({"src/main.py": "print()", "main.py": "app = 1"}, Application("main:app", factory=False)),
    ],
)
def test_the_application_is_found(files: dict[str, str], expected: Application) -> None:
    assert find_application(files) == expected


def test_without_an_application_it_is_said_where_one_is_looked_for() -> None:
    with pytest.raises(ServiceBroken, match=r"src/main\.py.*create_app"):
        find_application({"src/other.py": "app = 1"})


def test_code_that_cannot_be_parsed_is_named_with_its_line() -> None:
    with pytest.raises(ServiceBroken, match=r"src/main\.py:2"):
        find_application({"src/main.py": "x = 1\napp ="})


def test_the_environment_is_the_example_with_fresh_secrets_and_this_database() -> None:
    example = "# comment=1\nDATABASE_URL=postgresql://elsewhere\nexport LOG_LEVEL='DEBUG'\nJWT_SECRET=replace-this\n"
    first = service_environment({".env.example": example}, DatabaseAccess(URL))
    second = service_environment({".env.example": example}, DatabaseAccess(URL))

    assert first["DATABASE_URL"] == URL
    assert first["LOG_LEVEL"] == "DEBUG"
    assert len(first["JWT_SECRET"]) >= 32
    assert first["JWT_SECRET"] != second["JWT_SECRET"]
    assert not any("comment" in name for name in first)


def test_a_valkey_is_named_in_place_of_the_example_s_when_there_is_one() -> None:
    files = {".env.example": "REDIS_URL=redis://localhost:6379"}
    given = DatabaseAccess(URL, redis_url="unix://default:secret@/run/redis/redis.sock")
    assert service_environment(files, given)["REDIS_URL"] == given.redis_url
    assert service_environment(files, DatabaseAccess(URL))["REDIS_URL"] == "redis://localhost:6379"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({".env.example": "# REDIS_URL=redis://localhost"}, True),
        ({"src/core/config.py": "class Settings:\n    redis_url: str\n"}, True),
        ({"app/limits.py": "import os\nos.environ['REDIS_URL']\n"}, True),
        ({"tests/conftest.py": "REDIS_URL = 1", "README.md": "REDIS_URL"}, False),
        ({".env.example": "OTHER_REDIS_URL_TOO=1"}, False),
    ],
)
def test_a_setting_is_declared_in_the_example_or_in_the_code(files: dict[str, str], expected: bool) -> None:
    assert declares(files, "REDIS_URL") is expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"alembic.ini": "", "backend/alembic.ini": ""}, "alembic.ini"),
        ({"backend/alembic.ini": ""}, "backend/alembic.ini"),
        ({}, "alembic.ini"),
    ],
)
def test_the_alembic_configuration_nearest_to_the_root_counts(files: dict[str, str], expected: str) -> None:
    assert alembic_config(files) == expected
