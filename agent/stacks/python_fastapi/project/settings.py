"""The settings of a service, as its own `Settings` class declares them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_CONFIG = "src/core/config.py"
_EXAMPLES = {
    "DATABASE_URL": "postgresql://postgres:postgres@localhost:5432/postgres",
    "REDIS_URL": "redis://localhost:6379/0",
    "JWT_SECRET": "replace-this-by-at-least-32-random-characters",
    "API_KEYS": "replace-this-by-a-random-key,and-this-by-another",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable."""

    name: str
    default: str | None
    """As Python source; None: it must be set."""
    meaning: str


def settings_of(files: Mapping[str, str]) -> tuple[Setting, ...]:
    """The fields of the class `Settings` in `src/core/config.py`, in order; none when there is no such class."""
    tree = ast.parse(files.get(_CONFIG, ""))
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings")
    return tuple(setting for node in classes for setting in _fields(node.body))


def environment_example(files: Mapping[str, str]) -> str:
    """`.env.example`: every setting with what it means; those with a default are commented out."""
    return "\n".join(_paragraph(setting) for setting in settings_of(files)) + _COMPOSE


_COMPOSE = """
# Used by compose.yaml alone: the password of the database that it starts.
POSTGRES_PASSWORD=postgres
"""


def _paragraph(setting: Setting) -> str:
    comment = f"# {setting.meaning}\n" if setting.meaning else ""
    if setting.default is None:
        return f"{comment}{setting.name}={_EXAMPLES.get(setting.name, '')}\n"
    return f"{comment}# {setting.name}={setting.default.strip(chr(34) + chr(39)).replace('_', '')}\n"


def _fields(body: list[ast.stmt]) -> Iterator[Setting]:
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            default = ast.unparse(node.value) if node.value is not None else None
            yield Setting(node.target.id.upper(), default, _text(following))


def _text(node: ast.stmt | None) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return " ".join(text.split())
    return ""
