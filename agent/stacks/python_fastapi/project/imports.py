"""The import lines that a piece of generated test code needs."""

from __future__ import annotations

import ast

_NAMES = {
    "collections.abc": ("Sequence",),
    "datetime": ("UTC", "date", "datetime", "time", "timedelta"),
    "decimal": ("Decimal",),
    "itertools": ("cycle",),
    "typing": ("Any",),
    "uuid": ("UUID", "uuid4"),
    "httpx": ("AsyncClient",),
    "src.core.config": ("Settings",),
    "src.core.security": ("Caller", "TokenIssuer", "hash_password"),
    "src.core.sessions": ("Sessions",),
    "tests.database": ("Database", "Record", "insert"),
    "tests.integration.conftest": ("Headers",),
}
_MODULES = ("json", "pytest")


def imports_of(text: str) -> str:
    """Import lines for the names that the text uses; the formatter sorts and groups them."""
    used = names_in(text)
    lines = [f"import {module}" for module in _MODULES if module in used]
    for module, names in _NAMES.items():
        found = sorted(used.intersection(names))
        if found:
            lines.append(f"from {module} import {', '.join(found)}")
    made = {node.name for node in ast.parse(text).body if isinstance(node, ast.AsyncFunctionDef)}
    factories = sorted(name for name in used - made if name.startswith("make_"))
    if factories:
        lines.append(f"from tests.factories import {', '.join(factories)}")
    return "\n".join(lines)


def names_in(text: str) -> set[str]:
    """Every plain name in the source text."""
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def names_read(text: str) -> set[str]:
    """The same, but for names that are only given a value."""
    nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name))
    return {node.id for node in nodes if isinstance(node.ctx, ast.Load)}
