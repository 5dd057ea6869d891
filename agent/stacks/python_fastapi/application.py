"""Finds out how the service of a worktree is imported and which settings it wants."""

from __future__ import annotations

import ast
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from agent.stacks.base import KEY_SETTINGS, REDIS_SETTING, TOKEN_SETTING, DatabaseAccess, ServiceBroken

MODULES = ("src/main.py", "app/main.py", "main.py", "src/app.py", "app.py")
_SECRETS = (TOKEN_SETTING, "SECRET_KEY")
_ASSIGNED = re.compile(r"^[#\s]*(?:export\s+)?([A-Z][A-Z0-9_]*)=[\"']?(\d+(?:\.\d+)?)(.*?)[\"']?\s*$", re.MULTILINE)
_LIMIT = re.compile(r"RATE_?LIMIT|THROTTLE|LIMITER")
_CACHE = re.compile(r"CACHE.*(TTL|SECONDS)")
_DURATION = re.compile(r"(WINDOW|PERIOD|INTERVAL|TTL|TIMEOUT|(?<!PER_)(SECONDS?|MINUTES?|HOURS?|MS))$")


@dataclass(frozen=True, slots=True)
class Application:
    """Where the FastAPI application is."""

    target: str
    """`src.main:app`."""
    factory: bool
    """True when the target is a function that makes it."""


def find_application(files: Mapping[str, str]) -> Application:
    """The application in these files (path → content): a module-level `app`, else a function `create_app`.

    Raises `ServiceBroken` when there is none at the places where one is looked for.
    """
    for path in MODULES:
        if path in files:
            names = _defined(path, files[path])
            module = path.removesuffix(".py").replace("/", ".")
            if "app" in names:
                return Application(f"{module}:app", factory=False)
            if "create_app" in names:
                return Application(f"{module}:create_app", factory=True)
    raise ServiceBroken(
        f"no application found: one of {', '.join(MODULES)} must define `app` or `create_app()`",
        f"grep -nE '^(app\\b|def create_app)' {' '.join(MODULES)}",
    )


def service_environment(files: Mapping[str, str], database: DatabaseAccess) -> Mapping[str, str]:
    """Settings for one start: those of `.env.example`, fresh secrets, this database and its Valkey."""
    return {
        **_assignments(files.get(".env.example", "")),
        **{name: secrets.token_urlsafe(48) for name in _SECRETS},
        **{name: ",".join(secrets.token_urlsafe(24) for _ in range(count)) for name, count in KEY_SETTINGS.items()},
        "DATABASE_URL": database.url,
        **({REDIS_SETTING: database.redis_url} if database.redis_url else {}),
    }


def declares(files: Mapping[str, str], setting: str) -> bool:
    """Whether `.env.example` or code outside the tests has a word for this setting, in capitals or not."""
    word = re.compile(rf"\b{re.escape(setting)}\b", re.IGNORECASE)
    return any(word.search(text) for path, text in files.items() if _may_declare(path))


def probing_settings(files: Mapping[str, str], times: int) -> Mapping[str, str]:
    """What `.env.example` documents of rate limits, so many times higher, and of caches, whose answers end at once:
    `RATE_LIMIT=100/minute` → `200/minute`, `CACHE_SECONDS=5` → `0`.

    Lines that are commented out count: they show the default. Durations and switches stay as they are.
    """
    found = _ASSIGNED.findall(files.get(".env.example", ""))
    limits = [one for one in found if _LIMIT.search(one[0]) and not _DURATION.search(one[0])]
    raised = {name: f"{float(number) * times:.15g}{unit}" for name, number, unit in limits}
    return raised | {name: "0" for name, _, _ in found if _CACHE.search(name)}


def alembic_config(files: Mapping[str, str]) -> str:
    """The path of the `alembic.ini` nearest to the root; `alembic.ini` when there is none."""
    found = [path for path in files if path.rsplit("/", 1)[-1] == "alembic.ini"]
    return min(found, key=lambda path: (path.count("/"), path), default="alembic.ini")


def _may_declare(path: str) -> bool:
    return path == ".env.example" or (path.endswith(".py") and not path.startswith("tests/"))


def _defined(path: str, source: str) -> set[str]:
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise ServiceBroken(f"{path}:{error.lineno}: {error.msg}", f"python -m py_compile {path}") from error
    functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    imports = {alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names}
    plain = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    annotated = [node.target for node in body if isinstance(node, ast.AnnAssign)]
    return functions | imports | {target.id for target in plain + annotated if isinstance(target, ast.Name)}


def _assignments(text: str) -> dict[str, str]:
    lines = (line.strip().removeprefix("export ") for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}
