"""Holes are found by what they raise."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from agent.stacks.base import Hole

_ERROR = "OperationNotImplemented"


def open_holes(files: Mapping[str, str]) -> tuple[Hole, ...]:
    """The functions that still raise `OperationNotImplemented`, whatever stands around it, by file and line."""
    return tuple(hole for name in sorted(files) if _is_source(name) for hole in _holes(name, files[name]))


def _is_source(name: str) -> bool:
    return name.startswith("src/") and name.endswith(".py")


def _holes(file: str, text: str) -> Iterator[Hole]:
    if _ERROR not in text:
        return
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    module = ".".join(PurePosixPath(file).with_suffix("").parts)
    yield from _inside(tree, module, file)


def _inside(node: ast.AST, qualified: str, file: str) -> Iterator[Hole]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{qualified}.{child.name}"
            operation = next((key for one in ast.walk(child) if (key := _raised(one)) is not None), None)
            if operation is not None:
                yield Hole(name=name, file=file, line=child.lineno, operation=operation)
        elif isinstance(child, ast.ClassDef):
            yield from _inside(child, f"{qualified}.{child.name}", file)


def _raised(node: ast.AST) -> str | None:
    """The operation that a raise statement says is not implemented."""
    if not isinstance(node, ast.Raise) or node.exc is None:
        return None
    error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    name = error.id if isinstance(error, ast.Name) else error.attr if isinstance(error, ast.Attribute) else ""
    if name != _ERROR:
        return None
    arguments = node.exc.args if isinstance(node.exc, ast.Call) else []
    first = arguments[0] if arguments else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
