"""A Python file in short: its classes and functions with their signatures and first lines of what they say."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence


def outline(text: str) -> str:
    """Signatures, fields and the first line of each docstring, indented as in the file; empty for what is no Python."""
    try:
        return "\n".join(_inside(ast.parse(text).body))
    except (SyntaxError, ValueError, RecursionError):
        return ""


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


def _said(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    said = ast.get_docstring(node)
    return f"  # {said.splitlines()[0]}" if said else ""
