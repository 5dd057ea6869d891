from __future__ import annotations

import pytest

from agent.stacks.base import DatabaseAccess, ServiceBroken
from agent.stacks.python_fastapi.history import alembic_config
from agent.stacks.python_fastapi.starting.application import Application, find_application, holds_application
from agent.stacks.python_fastapi.starting.limits import declares
from agent.stacks.python_fastapi.starting.settings import service_environment

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


MADE = "from fastapi import FastAPI\n{} = FastAPI()\n"
TWO = {"a.py": MADE.format("app"), "b.py": MADE.format("app")}
WRITTEN = "from fastapi import FastAPI\n\ndef {}({}) -> FastAPI:\n    return FastAPI()\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"shop/web.py": MADE.format("api")}, Application("shop.web:api", factory=False)),
        ({"shop/__init__.py": MADE.format("app")}, Application("shop:app", factory=False)),
        ({"shop/web.py": WRITTEN.format("web", "debug: bool = False")}, Application("shop.web:web", factory=True)),
        ({"src/shop/web.py": MADE.format("api")}, Application("shop.web:api", factory=False, folder="src")),
        (
            {"src/shop/web.py": MADE.format("api"), "src/shop/x.py": "from src.shop import web"},
            Application("src.shop.web:api", factory=False),
        ),
        (
            {"server.py": MADE.format("app"), "tests/test_a.py": MADE.format("app"), "lib/part.py": MADE.format("sub")},
            Application("server:app", factory=False),
        ),
    ],
)
def test_where_it_is_not_usual_the_only_one_in_the_code_is_found(files: dict[str, str], expected: Application) -> None:
    assert find_application(files) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"Procfile": "release: x\nweb: uvicorn shop.web:api --port $PORT", "shop/web.py": MADE.format("api")},
            Application("shop.web:api", factory=False),
        ),
        (
            {"Dockerfile": 'CMD ["fastapi", "run", "app/service.py"]', "app/service.py": MADE.format("made")},
            Application("app.service:made", factory=False),
        ),
        (
            {"Dockerfile": "CMD uvicorn --factory web:make", "src/web.py": WRITTEN.format("make", "")},
            Application("web:make", factory=True, folder="src"),
        ),
        (
            {"back/Dockerfile": 'CMD ["gunicorn", "web:app"]', "back/web.py": MADE.format("app"), "main.py": "app = 1"},
            Application("web:app", factory=False, folder="back"),
        ),
        (
            {"Dockerfile": "CMD uvicorn gone:app", "main.py": "app = 1"},
            Application("main:app", factory=False),
        ),
        (
            {
                "agent.toml": "[service]\nstart = 'uvicorn b:app'",
                "a.py": MADE.format("app"),
                "b.py": MADE.format("app"),
            },
            Application("b:app", factory=False),
        ),
    ],
)
def test_what_a_repository_declares_goes_first(files: dict[str, str], expected: Application) -> None:
    assert find_application(files) == expected


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"src/other.py": "app = 1"}, r"no application found.*--start"),
        (
            {"a.py": MADE.format("app"), "b.py": MADE.format("app")},
            r"more than one application \(a\.py: app, b\.py: app\)",
        ),
        ({"a.py": WRITTEN.format("make", "settings")}, r"no application found"),
        ({"agent.toml": "[service]\nstart = 'make run'"}, r"`make run` is not understood"),
        ({"agent.toml": "[service]\nstart = 'uvicorn a:app'", "a.py": "b = 1"}, r"no module a defines app"),
        ({"agent.toml": "service = 1"}, r"agent\.toml: service"),
    ],
)
def test_without_an_application_it_is_said_what_to_do(files: dict[str, str], told: str) -> None:
    with pytest.raises(ServiceBroken, match=told):
        find_application(files)


def test_one_of_several_applications_is_an_application_too() -> None:
    assert holds_application(TWO)
    assert holds_application({"a.py": "app = FastAPI("})
    assert not holds_application({"a.py": "app = 1", "tests/test_a.py": MADE.format("app")})


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
