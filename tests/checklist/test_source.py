"""Secrets in the code: what counts as one, and what only looks like it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings
from hypothesis import given
from hypothesis import strategies as st

from agent.checklist.security.source import KNOWN_KEYS, is_secret_name, known_keys, literal_secrets, set_secrets
from tools.scratch import scratch_folder


def found(source: str, path: str = "src/core/config.py") -> list[int]:
    return sorted({one.line for one in literal_secrets({path: source})})


@pytest.mark.parametrize(
    "source",
    [
        'JWT_SECRET = "changeme"',
        'class Settings:\n    jwt_secret: str = "super-secret-key"',
        'class Settings:\n    jwt_secret: SecretStr = SecretStr("battery1")',
        'class Settings:\n    api_key: str = Field(default="abcdef123")',
        'def connect(password="hunter22"): ...',
        'def connect(*, password: str = "hunter22"): ...',
        'connect(password="hunter22")',
        'settings["SECRET_KEY"] = "hunter22"',
        'CONFIG = {"api_key": "hunter22"}',
        'os.environ.get("JWT_SECRET", "dev")',
        'os.getenv("DB_PASSWORD", "dev")',
        'jwt.encode(claims, "a static key")',
        'hmac.new(b"a static key", message, "sha256")',
        'URL = "postgresql://app:hunter2@database/app"',
        'JWT_SECRET = "correct-horse" + "-battery"',
    ],
)
def test_a_literal_that_stands_for_a_secret_is_found(source: str) -> None:
    assert found(source) == [source.count("\n") + 1]
    assert not found(source, "tests/conftest.py")


@pytest.mark.parametrize(
    "source",
    [
        'TOKEN_TYPE = "bearer"',
        'PASSWORD_FIELD = "password_hash"',
        'SECRET_NAME = "JWT_SECRET"',
        'secret = "JWT_SECRET"',
        'token = "access_token"',
        'refresh_token = "refresh"',
        "password = settings.password",
        'password = ""',
        'schema = {"password": "string"}',
        'HTTPBearer(tokenUrl="/auth/token")',
        'token = f"{kind}:{name}"',
        'os.environ.get("JWT_SECRET")',
        'os.environ.get("LOG_LEVEL", "INFO")',
        'URL = "postgresql://{user}:{password}@{host}/app"',
        '"""Connect to postgresql://user:password@host/name."""',
        "jwt.encode(claims, key)",
        "def f(:",
    ],
)
def test_what_only_looks_like_a_secret_is_none(source: str) -> None:
    assert found(source) == []


def test_keys_of_well_known_services_are_found_in_every_file() -> None:
    key = "ghp_" + "a1B2" * 9
    files = {"tests/test_a.py": f"x = 1\nKEY = '{key}'\n", "notes.md": "-----BEGIN RSA PRIVATE KEY-----\nMII\n"}
    assert {one.place for one in known_keys(files)} == {"tests/test_a.py:2", "notes.md:1"}


@pytest.mark.parametrize(
    "text",
    [
        f"[aws]\naws_access_key = {'aB3+' * 10}\n",
        f"AKC{'a1B2c3D4e5'}   \nnext\n",
        f"x\ncloudant_password = {'abcdefghijkl' * 2}\r\n",
        f"key: 1\nibm_cloud_iam_api_key = {'x-9Y' * 11}\n",
        f"glpat-{'a1' * 10}\nword\n",
    ],
)
def test_a_key_is_found_wherever_the_scanner_finds_it(text: str) -> None:
    assert [one.place for one in known_keys({"settings": text})] == scanned(text) != []


@given(
    st.lists(
        st.sampled_from(["aws_key", " = ", "'", "AKC", "aB3+" * 10, "a1" * 16, "AC", "\n", "[a]", ":", "z-9Y" * 11])
    )
)
def test_what_is_found_is_what_the_scanner_finds(parts: list[str]) -> None:
    text = "".join(parts)
    assert [one.place for one in known_keys({"settings": text})] == scanned(text)


def scanned(text: str) -> list[str]:
    """Where the scanner alone sees a key."""
    with (
        scratch_folder("scanned") as folder,
        transient_settings({"plugins_used": [{"name": one} for one in KNOWN_KEYS]}),
    ):
        file = folder / "settings.txt"
        file.write_text("\n".join(text.splitlines()))
        return [f"settings:{found.line_number}" for found in scan_file(str(file))]


def test_hashes_of_a_lock_file_are_no_keys() -> None:
    assert not list(known_keys({"requirements.lock": f"a==1 \\\n    --hash=sha256:{'0f' * 32}\n"}))


@given(st.text())
def test_any_text_can_be_searched(text: str) -> None:
    assert isinstance(found(text), list)
    assert isinstance(is_secret_name(text), bool)


def test_several_can_search_at_once() -> None:
    key = "-----BEGIN RSA PRIVATE " + "KEY-----\n"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: list(known_keys({f"{number}.pem": key})), range(24)))
    assert [len(leaks) for leaks in found] == [1] * 24


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (".env", "JWT_SECRET=hunter22"),
        (".env.production", "export DB_PASSWORD='hunter22'"),
        (".env", "DATABASE_URL=postgresql://app:hunter2@database/app"),
        ("Dockerfile", "ENV JWT_SECRET=hunter22"),
        ("Dockerfile", "ENV JWT_SECRET hunter22"),
        ("config/production.yaml", "jwt_secret: hunter22"),
        ("src/core/settings.toml", 'secret_key = "hunter22"  # for now'),
        ("src/core/settings.json", '  "api_key": "hunter22",'),
    ],
)
def test_a_secret_that_a_file_of_settings_holds_is_found(path: str, line: str) -> None:
    assert [(one.path, one.line) for one in set_secrets({path: f"# settings\n{line}\n"})] == [(path, 2)]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (".env.example", "JWT_SECRET=hunter22"),
        (".env.test", "JWT_SECRET=hunter22"),
        (".env", "JWT_SECRET="),
        (".env", "JWT_SECRET=${JWT_SECRET}"),
        (".env", "LOG_LEVEL=warning"),
        (".env", "DATABASE_URL=postgresql://app@database/app"),
        ("compose.yaml", "POSTGRES_PASSWORD: postgres"),
        (".github/workflows/ci.yaml", "POSTGRES_PASSWORD: postgres"),
        ("config/openapi.yaml", "password: hunter22"),
        ("src/api.json", '{"openapi": "3.1.0",\n "password": "hunter22"}'),
        ("config/logging.yaml", "token_type: bearer"),
        ("Dockerfile", "ARG JWT_SECRET"),
    ],
)
def test_examples_references_and_other_files_hold_none(path: str, line: str) -> None:
    assert not list(set_secrets({path: f"{line}\n"}))


@given(st.text(), st.sampled_from([".env", "Dockerfile", "config/a.yaml"]))
def test_any_file_of_settings_can_be_read(content: str, path: str) -> None:
    assert all(one.path == path for one in set_secrets({path: content}))
