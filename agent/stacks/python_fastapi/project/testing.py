"""All test files of a new service."""

from __future__ import annotations

from collections.abc import Mapping

from agent.stacks.python_fastapi.project.api_keys import api_keys_file
from agent.stacks.python_fastapi.project.factories import factories_file
from agent.stacks.python_fastapi.project.integration import integration_files
from agent.stacks.python_fastapi.project.passwords import passwords_file
from agent.stacks.python_fastapi.project.rendering import render
from agent.stacks.python_fastapi.project.shape import Shape
from agent.stacks.python_fastapi.project.unit import unit_files

_PLAIN = ("database", "logging", "metrics", "middleware", "overload", "routing", "tracing")
"""Unit tests that are the same for every service."""


def test_files(shape: Shape, source: Mapping[str, str]) -> Mapping[str, str]:
    """`tests/` for the service whose code is `source`: path → content."""
    tokens = "jwt_secret" in source.get("src/core/config.py", "")
    limits = "rate_limit_user_burst" in source.get("src/core/config.py", "")
    passwords = "_hasher = " in source.get("src/core/security.py", "")
    basic = "class RecentPasswords" in source.get("src/core/security.py", "")
    keys = shape.binding.keys if shape.takes_keys else None
    listed = "src/core/keys.py" in source
    caches = "src/core/cache.py" in source
    document = next((path for path in sorted(source) if path.startswith("openapi.")), "openapi.json")
    statements = source.get("src/repositories/statements.py", "")
    names = [name for name in ("order_by", "containing", "insertion") if f"def {name}(" in statements]
    extra = {"tests/unit/test_statements.py": render("tests/test_statements.py.jinja", names=names)} if names else {}
    security = (
        {"tests/unit/test_security.py": _security(shape, "security", tokens=tokens, passwords=passwords, basic=basic)}
        if (tokens or passwords) and shape.accounts
        else {}
    )
    if basic:
        security["tests/integration/test_passwords.py"] = passwords_file(shape)
    if keys is not None:
        security["tests/integration/test_api_keys.py"] = api_keys_file(shape, keys)
    if shape.binding.rotates:
        security["tests/unit/test_sessions.py"] = _security(shape, "sessions")
    if "src/services/sorting.py" in source:
        extra["tests/unit/test_sorting.py"] = render("tests/test_sorting.py")
    if "src/services/turning.py" in source:
        extra["tests/unit/test_turning.py"] = render("tests/test_turning.py")
    if "src/core/idempotency.py" in source:
        known = shape.accounts is not None and "src/api/dependencies/auth.py" in source
        way = "token" if tokens and known else "password" if basic else ""
        extra["tests/integration/test_idempotency.py"] = render("tests/test_idempotency.py.jinja", way=way)
    return {
        "tests/__init__.py": "",
        "tests/integration/test_limits.py": render("tests/test_limits.py"),
        "tests/conftest.py": render(
            "tests/conftest.py.jinja", tokens=tokens, passwords=passwords, caches=caches, limits=limits, listed=listed
        ),
        "tests/database.py": render("tests/database.py"),
        "tests/factories.py": factories_file(shape),
        "tests/unit/__init__.py": "",
        **{f"tests/unit/test_{name}.py": render(f"tests/test_{name}.py") for name in _PLAIN},
        **extra,
        "tests/unit/test_config.py": render("tests/test_config.py.jinja", tokens=tokens, listed=listed),
        "tests/integration/test_service.py": render("tests/test_service.py.jinja", document=document),
        **({"tests/integration/test_cache.py": render("tests/test_cache.py")} if caches else {}),
        **security,
        **integration_files(shape, tokens=tokens, basic=basic, keys=keys),
        **unit_files(shape, source),
    }


def _security(shape: Shape, name: str, **parts: bool) -> str:
    imports = "from uuid import UUID" if "UUID(" in shape.nobody else ""
    return render(f"tests/test_{name}.py.jinja", caller=shape.nobody, imports=imports, **parts)
