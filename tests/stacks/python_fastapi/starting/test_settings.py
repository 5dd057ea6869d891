"""The settings that a service is started with, by the names that it has for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stacks.base import DatabaseAccess, ServiceBroken
from agent.stacks.python_fastapi.starting.named import named_settings
from agent.stacks.python_fastapi.starting.postgres import socket_of, way_to_postgres
from agent.stacks.python_fastapi.starting.settings import service_environment

URL = "postgresql://role:pass%40word@/name?host=/run/postgres"
ACCESS = DatabaseAccess(URL, redis_url="unix://default:secret@/run/redis/redis.sock")
PARTS = """
class Settings(BaseSettings):
    POSTGRES_SERVER: str
    POSTGRES_PORT: int = 5432
    POSTGRES_USER: str
    POSTGRES_PASSWORD: str = ""
    POSTGRES_DB: str = ""
"""


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("import os\nos.environ['DB_URL']", {"DB_URL": ""}),
        ("from os import environ, getenv\nenviron.get('A', 'x')\ngetenv('B', default='y')", {"A": "x", "B": "y"}),
        ("class Settings(BaseSettings):\n    db_url: str = 'x'\n    plain = 1", {"DB_URL": "x"}),
        (
            "class S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='SHOP_')\n    db_url: str",
            {"SHOP_DB_URL": ""},
        ),
        (
            "class S(BaseSettings):\n    a: str = Field('x', validation_alias=AliasChoices('ONE', 'TWO'))",
            {"ONE": "x", "TWO": "x"},
        ),
        ("config = Config('.env')\nKEY = config('API_TOKEN', default='t')", {"API_TOKEN": "t"}),
        ("known = {}\nknown.get('NOT_A_SETTING')  # of no environ", {}),
        ("class Broken(BaseSettings:", {}),
    ],
)
def test_settings_are_named_by_code(source: str, named: dict[str, str]) -> None:
    assert named_settings({"app/config.py": source}) == named


def test_tests_name_none_and_an_example_goes_before_the_code() -> None:
    files = {"tests/conftest.py": "os.environ['X']", "a.py": "os.getenv('Y', 'code')", ".env.sample": "Y=example"}
    assert named_settings(files) == {"Y": "example"}


@pytest.mark.parametrize(
    ("files", "given"),
    [
        ({}, {"DATABASE_URL": URL}),
        (
            {".env.example": "SQLALCHEMY_DATABASE_URI=postgresql+asyncpg://u:p@db/x"},
            {"SQLALCHEMY_DATABASE_URI": URL.replace("postgresql:", "postgresql+asyncpg:")},
        ),
        ({"a.py": "class S(BaseSettings):\n    pg_dsn: str = 'postgres://u@h/x'"}, {"PG_DSN": "postgres" + URL[10:]}),
        (
            {"a.py": "from pydantic import PostgresDsn\nclass S(BaseSettings):\n    database_url: PostgresDsn"},
            {"DATABASE_URL": "postgresql://role:pass%40word@localhost:5432/name", "PGSSLMODE": "disable"},
        ),
        (
            {"a.py": PARTS},
            {
                "POSTGRES_SERVER": "localhost",
                "POSTGRES_PORT": "5432",
                "POSTGRES_USER": "role",
                "POSTGRES_PASSWORD": "pass@word",
                "POSTGRES_DB": "name",
            },
        ),
        ({".env": "CELERY_REDIS_URL=redis://x"}, {"CELERY_REDIS_URL": ACCESS.redis_url}),
        (
            {".env.example": "REDIS_HOST=redis\nREDIS_PORT=1\nREDIS_PASSWORD=\n"},
            {"REDIS_HOST": "localhost", "REDIS_PORT": "6379", "REDIS_PASSWORD": "secret"},
        ),
        (
            {"a.py": "from pydantic import RedisDsn\nclass S(BaseSettings):\n    redis_url: RedisDsn"},
            {"REDIS_URL": "redis://default:secret@localhost:6379/0"},
        ),
        (
            {"agent.toml": "[service.settings]\nWHERE = 'x:${DATABASE_NAME}:${DATABASE_URL}'\nMAIL = 'none'"},
            {"WHERE": f"x:name:{URL}", "MAIL": "none"},
        ),
        (
            {"agent.toml": "[service]\nstart = 'uvicorn web:app'", "src/web.py": "app = 1"},
            {"PYTHONPATH": "src"},
        ),
    ],
)
def test_a_service_is_told_by_its_own_names(files: dict[str, str], given: dict[str, str]) -> None:
    environment = service_environment(files, ACCESS)
    assert {name: environment.get(name) for name in given} == given


def test_what_parts_tell_is_not_told_by_an_address_too() -> None:
    assert "DATABASE_URL" not in service_environment({"a.py": PARTS}, ACCESS)
    assert "POSTGRES_SERVER" in way_to_postgres({"a.py": PARTS}).leading


def test_secrets_are_fresh_and_keys_that_are_public_stay() -> None:
    example = "APP_SECRET_KEY=changethis\nJWT_PUBLIC_KEY=-----BEGIN\nPAGE_KEY_SIZE=3\n"
    environment = service_environment({".env.example": example}, ACCESS)
    assert len(environment["APP_SECRET_KEY"]) > 40
    assert environment["JWT_PUBLIC_KEY"] == "-----BEGIN"
    assert environment["PAGE_KEY_SIZE"] == "3"


def test_an_address_with_a_host_has_no_socket() -> None:
    assert socket_of("postgresql://role@server:6000/name") is None
    assert socket_of(URL) == "/run/postgres/.s.PGSQL.5432"
    environment = service_environment({"a.py": PARTS}, DatabaseAccess("postgresql://role@server:6000/name"))
    assert (environment["POSTGRES_SERVER"], environment["POSTGRES_PORT"]) == ("server", "6000")


def test_settings_that_cannot_be_read_are_said() -> None:
    with pytest.raises(ServiceBroken, match=r"agent\.toml: service\.settings\.A-B"):
        service_environment({"agent.toml": "[service.settings]\n'A-B' = 'x'"}, ACCESS)


def test_examples_are_read_as_services_read_them() -> None:
    example = "# A=1\nexport B='x # y'\nC=plain # why\nD=\nE\n'broken\nF=${HOME}\nG=\"two\nlines\"\n"
    assert named_settings({".env.example": example}) == {
        "B": "x # y",
        "C": "plain",
        "D": "",
        "E": "",
        "F": "${HOME}",
        "G": "two\nlines",
    }


@given(st.lists(st.text() | st.from_regex(r"[A-Z]+=.*")).map("\n".join))
def test_any_example_is_read(text: str) -> None:
    environment = service_environment({".env.example": text}, ACCESS)
    assert all("\0" not in value and "=" not in name for name, value in environment.items())


@given(st.text())
def test_any_code_is_read(text: str) -> None:
    assert isinstance(named_settings({"a.py": text + "\nos.environ"}), dict)
