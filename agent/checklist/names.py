"""Names in the code: files, functions, environment variables."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

_NAMED_BY_LIBRARIES = ("visit_", "do_", "setUp", "tearDown", "asyncSetUp", "asyncTearDown")
"""Method names that base classes of the standard library prescribe."""


def file_names(files: Mapping[str, str]) -> list[str]:
    """Python files and packages whose name is not snake_case."""
    return sorted(
        f"{path}: rename it to snake_case"
        for path in files
        if path.endswith(".py") and not all(snake(part) for part in _module_parts(path))
    )


def function_names(files: Mapping[str, str]) -> list[str]:
    """Functions and methods whose name is not snake_case."""
    return [
        f"{path}:{node.lineno}: function {node.name} is not snake_case"
        for path, tree in syntax_trees(files)
        for node in nodes(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name != node.name.lower()
        and not node.name.startswith(_NAMED_BY_LIBRARIES)
    ]


def environment_names(files: Mapping[str, str]) -> list[str]:
    """Variables that the code or an `.env` file names otherwise than SCREAMING_SNAKE_CASE."""
    asked = (
        (f"{path}:{line}", name)
        for path, tree in syntax_trees(files)
        for node in nodes(tree)
        for line, name in _asked(node)
    )
    written = (
        (f"{path}:{number}", line.split("=", 1)[0].removeprefix("export ").strip())
        for path, content in sorted(files.items())
        if PurePosixPath(path).name.startswith(".env")
        for number, line in enumerate(content.splitlines(), 1)
        if "=" in line and not line.lstrip().startswith("#")
    )
    return [
        f"{place}: environment variable {name} is not SCREAMING_SNAKE_CASE"
        for place, name in (*asked, *written)
        if name != name.upper() or not name.replace("_", "a").isalnum()
    ]


def syntax_trees(files: Mapping[str, str]) -> Iterator[tuple[str, ast.Module]]:
    """Path and syntax tree of every Python file that can be parsed, not to be changed; the linter tells of others."""
    for path, content in sorted(files.items()):
        if path.endswith(".py"):
            tree = _tree(content)
            if tree is not None:
                yield path, tree


@functools.lru_cache(maxsize=1024)
def _tree(content: str) -> ast.Module | None:
    try:
        return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@functools.lru_cache(maxsize=1 << 14)
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """What `ast.walk` gives, gone through once: many look at the same trees. They are not to be changed."""
    return tuple(ast.walk(tree))


def dotted(node: ast.expr) -> str:
    """`os.environ.get` for that expression, empty for anything that is no plain dotted name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


def snake(name: str) -> bool:
    """True for snake_case: lower-case ASCII letters, digits and underscores."""
    return name == name.lower() and name.replace("_", "a").isalnum() and name.isascii()


def _asked(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Subscript(value=value, slice=ast.Constant(value=str(name))) if dotted(value).endswith("environ"):
            yield node.lineno, name
        case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]) if dotted(function) in (
            "os.environ.get",
            "environ.get",
            "os.getenv",
            "getenv",
        ):
            yield node.lineno, name


def _module_parts(path: str) -> list[str]:
    parts = PurePosixPath(path).with_suffix("").parts
    return [part for part in parts[:-1] if not part.startswith(".")] + [parts[-1]]
