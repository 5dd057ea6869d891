"""Which settings a repository names: in examples of `.env`, and in code that reads the environment."""

from __future__ import annotations

import ast
import functools
import io
import posixpath
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dotenv.parser import parse_stream

EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", ".env")
_READERS = ("getenv", "get", "config", "env", "str", "pop")
_WORDS = ("environ", "getenv", "BaseSettings", "config(", "env(")
_BASES = re.compile(r"(Base)?Settings(Base)?$")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def named_settings(files: Mapping[str, str]) -> Mapping[str, str]:
    """Name → the value that is shown or that holds where none is set; empty where neither is known.

    Code of tests does not count. What examples show goes before the defaults of the code.
    """
    read: dict[str, str] = {}
    for path, text in files.items():
        if path.endswith(".py") and not path.startswith("tests/") and any(word in text for word in _WORDS):
            read.update(_of_code(text))
    return {**read, **example_settings(files)}


def example_settings(files: Mapping[str, str]) -> Mapping[str, str]:
    """The assignments of the example that lies nearest to the root."""
    found = [path for path in files if posixpath.basename(path) in EXAMPLES]
    order = {name: number for number, name in enumerate(EXAMPLES)}
    best = min(found, key=lambda path: (path.count("/"), order[posixpath.basename(path)]), default=None)
    return dict(_assignments(files[best])) if best else {}


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    """As python-dotenv reads them; nothing is put in the place of `${NAME}`, which would be the judge's own."""
    for line in parse_stream(io.StringIO(text)):
        value = line.value or ""
        if not line.error and line.key and _PLAIN.fullmatch(line.key) and "\0" not in value:
            yield line.key, value


@functools.lru_cache(maxsize=128)
def _of_code(source: str) -> Mapping[str, str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found.update(_of_call(node))
        elif isinstance(node, ast.Subscript) and _name(node.value) == "environ":
            found.update(_named(node.slice, ""))
        elif isinstance(node, ast.ClassDef) and any(_BASES.search(_name(base)) for base in node.bases):
            found.update(_of_class(node))
    return MappingProxyType(found)


def _of_call(call: ast.Call) -> dict[str, str]:
    function = call.func
    reads = _name(function) in _READERS and call.args
    if _name(function) == "get" and not (isinstance(function, ast.Attribute) and _name(function.value) == "environ"):
        return {}
    default = next((word.value for word in call.keywords if word.arg == "default"), None)
    second = call.args[1] if len(call.args) > 1 else default
    return _named(call.args[0], _text(second)) if reads else {}


def _of_class(node: ast.ClassDef) -> dict[str, str]:
    """The fields of a settings class of pydantic, as the environment names them."""
    prefix = next(filter(None, map(_prefix, ast.walk(node))), "")
    found: dict[str, str] = {}
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            names = _aliases(field.value) or [prefix + field.target.id]
            found.update({name.upper(): _default(field.value) for name in names})
    return found


def _prefix(node: ast.AST) -> str:
    """What a `model_config`, or a `Config` of old, says that all names begin with; empty for any other node."""
    if isinstance(node, ast.Assign) and any(_name(target) == "env_prefix" for target in node.targets):
        return _text(node.value)
    return _text(node.value) if isinstance(node, ast.keyword) and node.arg == "env_prefix" else ""


def _aliases(value: ast.expr | None) -> list[str]:
    words = value.keywords if isinstance(value, ast.Call) else []
    said = [word.value for word in words if word.arg in ("alias", "validation_alias", "env")]
    texts = [node for one in said for node in ast.walk(one) if isinstance(node, ast.Constant)]
    return [node.value for node in texts if isinstance(node.value, str) and _PLAIN.fullmatch(node.value)]


def _default(value: ast.expr | None) -> str:
    if not isinstance(value, ast.Call):
        return _text(value)
    named = next((word.value for word in value.keywords if word.arg == "default"), None)
    return _text(value.args[0] if value.args else named)


def _named(name: ast.expr, value: str) -> dict[str, str]:
    text = _text(name)
    return {text: value} if _PLAIN.fullmatch(text) and text.upper() == text else {}


def _text(node: ast.expr | None) -> str:
    return str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str | int) else ""


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
