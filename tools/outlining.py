"""A Python file in short: its classes and functions with their signatures and first lines of what they say."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Collection, Iterator, Sequence

_Named = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def outline(text: str) -> str:
    """Signatures, fields and the first line of each docstring, indented as in the file; empty for what is no Python."""
    try:
        return "\n".join(_inside(ast.parse(text).body))
    except (SyntaxError, ValueError, RecursionError):
        return ""


def outline_of(text: str, names: Collection[str] | None = None) -> str:
    """The outline of these classes and functions of a file, and of what they refer to in it; private ones left out.

    Without names: of everything that is not private.
    """
    try:
        body = [node for node in ast.parse(text).body if isinstance(node, _Named)]
    except (SyntaxError, ValueError, RecursionError):
        return ""
    there = {node.name: node for node in body}
    wanted, left = set[str](), [name for name in there if (not _private(name) if names is None else name in names)]
    while left:
        name = left.pop()
        if name not in wanted:
            wanted.add(name)
            left += [one.id for one in ast.walk(there[name]) if isinstance(one, ast.Name) and one.id in there]
    shown = (node for node in body if node.name in wanted)
    return "\n".join(
        _inside([_public(node) for node in shown if isinstance(node, ast.ClassDef) or not _private(node.name)])
    )


def methods(text: str) -> Iterator[tuple[str, str]]:
    """Name and source of each function of each class, without the class's indentation."""
    try:
        classes = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in classes:
        for one in node.body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = text.splitlines(keepends=True)[one.lineno - 1 : one.end_lineno]
                yield one.name, textwrap.dedent("".join(lines))


def _public(node: _Named) -> _Named:
    """A class without its private functions."""
    if isinstance(node, ast.ClassDef):
        node.body = [one for one in node.body if not (isinstance(one, _Named) and _private(one.name))]
    return node


def _private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _inside(body: Sequence[ast.stmt], indent: str = "") -> Iterator[str]:
    for node in body:
        match node:
            case ast.ClassDef():
                bases = ", ".join(map(ast.unparse, node.bases))
                yield f"{indent}class {node.name}{f'({bases})' if bases else ''}:{_said(node)}"
                yield from _inside(node.body, f"{indent}    ")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
                returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
                yield f"{indent}{word} {node.name}({ast.unparse(node.args)}){returns}: ...{_said(node)}"
            case ast.AnnAssign(value=None):
                yield f"{indent}{ast.unparse(node)}"


def _said(node: _Named) -> str:
    said = ast.get_docstring(node)
    return f"  # {said.splitlines()[0]}" if said else ""
