"""Takes one function out of what a model answers: a function, one inside its class, or a whole file."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tools.imported import is_import

if TYPE_CHECKING:
    import libcst


def extracted(answer: str, name: str, before: str = "") -> str:
    """The function of that name, below the module's imports; the answer itself where it has none, or cannot be parsed.

    Where it has no docstring, it gets that of `before`, the function in whose place it is to stand.
    """
    import libcst

    module = parsed(answer)
    function = next(_functions(module.body, name), None) if module else None
    if module is None or function is None:
        return answer
    old = parsed(before)
    bare = _documented(function, next(_functions(old.body, name), None) if old else None)
    parts = [*filter(is_import, module.body), bare]
    return "".join(libcst.Module([]).code_for_node(part.with_changes(leading_lines=())) for part in parts)


def _documented(new: libcst.FunctionDef, old: libcst.FunctionDef | None) -> libcst.FunctionDef:
    """The new function, with the docstring of the old one where it has none and a body of several lines."""
    import libcst

    known = old is not None and old.get_docstring() is not None
    if old is None or not known or new.get_docstring() is not None or not isinstance(new.body, libcst.IndentedBlock):
        return new
    return new.with_changes(body=new.body.with_changes(body=[old.body.body[0], *new.body.body]))


def _functions(body: Sequence[libcst.CSTNode], name: str) -> Iterator[libcst.FunctionDef]:
    """Those of that name in a module and its classes, the outermost first."""
    import libcst

    for node in body:
        if isinstance(node, libcst.FunctionDef) and node.name.value == name:
            yield node
    for node in body:
        if isinstance(node, libcst.ClassDef):
            yield from _functions(node.body.body, name)


def parsed(text: str) -> libcst.Module | None:
    """A module of Python, indented in any way; None for what is none."""
    import libcst

    text = textwrap.dedent(text).strip("\n") + "\n"
    try:
        ast.parse(text)
        return libcst.parse_module(text)
    except (SyntaxError, libcst.ParserSyntaxError, ValueError, RecursionError, MemoryError):
        return None
