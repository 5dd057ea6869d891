"""The import lines that a piece of generated test code needs."""

from __future__ import annotations

import re

_NAMES = {
    "datetime": ("UTC", "date", "datetime", "time", "timedelta"),
    "decimal": ("Decimal",),
    "itertools": ("cycle",),
    "typing": ("Any",),
    "uuid": ("UUID", "uuid4"),
    "httpx": ("AsyncClient",),
    "src.core.config": ("Settings",),
    "src.core.security": ("Caller", "TokenIssuer", "hash_password"),
    "tests.database": ("Database", "Record", "insert"),
    "tests.integration.conftest": ("Headers",),
}
_MODULES = ("json", "pytest")


def imports_of(text: str) -> str:
    """Import lines for the names that the text uses, the formatter sorts and groups them."""
    plain = re.sub(r'"(?:[^"\\]|\\.)*"', '""', re.sub(r'(?<!f)"""(?:.|\n)*?"""', "", text))
    used = set(re.findall(r"(?<![.\w])[A-Za-z_]\w*", plain))
    lines = [f"import {module}" for module in _MODULES if re.search(rf"(?<![.\w]){module}\.", plain)]
    for module, names in _NAMES.items():
        found = sorted(name for name in names if name in used)
        if found:
            lines.append(f"from {module} import {', '.join(found)}")
    factories = sorted(name for name in used if name.startswith("make_") and f"def {name}(" not in text)
    if factories:
        lines.append(f"from tests.factories import {', '.join(factories)}")
    return "\n".join(lines)
