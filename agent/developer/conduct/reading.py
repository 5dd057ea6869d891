"""The functions of a Python file, by their names within it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(text: str) -> Mapping[str, Function]:
    """Functions of the module and of its classes; none of a file that cannot be parsed."""
    try:
        return dict(_inside(ast.parse(text).body))
    except (SyntaxError, ValueError, RecursionError):
        return {}


def _inside(body: Sequence[ast.stmt], within: str = "") -> Iterator[tuple[str, Function]]:
    for node in body:
        if isinstance(node, Function):
            yield f"{within}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from _inside(node.body, f"{within}{node.name}.")


def dotted(node: ast.AST) -> str:
    """`pytest.mark.skip` of that expression, or of a call of it; empty for others."""
    if isinstance(node, ast.Call):
        return dotted(node.func)
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""
