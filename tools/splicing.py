"""Takes the body of an answered function alone, and puts what it forgot around it: head, docstring, imports."""

from __future__ import annotations

import ast
import builtins
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tools.extracting import parsed
from tools.imported import is_import

if TYPE_CHECKING:
    import libcst

_STANDARD = {
    "datetime": ("date", "datetime", "timedelta", "timezone", "UTC"),
    "decimal": ("Decimal", "ROUND_HALF_UP", "ROUND_HALF_EVEN", "ROUND_DOWN", "ROUND_UP"),
    "uuid": ("UUID", "uuid4"),
    "collections": ("Counter", "defaultdict"),
    "typing": ("Any",),
    "zoneinfo": ("ZoneInfo",),
    "": ("asyncio", "itertools", "json", "math", "re", "secrets"),
}
"""Modules of the standard library → names that functions of services use."""
_LONG = 72
"""Characters of a text on one line; with what stands around it, a line is as long as it may be."""


def spliced(source: str, before: str) -> str:
    """The answered function's body below decorators, signature and docstring of the function that it is to replace.

    As it is where either cannot be parsed, or the answer is not one function below imports.
    """
    import libcst

    new, old = parsed(source), parsed(before)
    if new is None or old is None:
        return source
    above, function = new.body[:-1], next(reversed(new.body), None)
    head = next((one for one in old.body if isinstance(one, libcst.FunctionDef)), None)
    if not isinstance(function, libcst.FunctionDef) or head is None or not all(map(is_import, above)):
        return source
    body, blank = _body(function), _body(head)
    if not body or not blank:
        return source
    said = blank[:1] if head.get_docstring() is not None else []
    own = body[1:] if function.get_docstring() is not None else body
    if not own:
        return source
    whole = head.with_changes(body=libcst.IndentedBlock([*said, *own]), leading_lines=())
    return "".join(libcst.Module([]).code_for_node(part) for part in (*above, _narrowed(whole)))


def without_docstring(source: str) -> str:
    """The source without the docstring of its function."""
    import libcst

    module = parsed(source)
    if module is None or not module.body:
        return source
    *above, function = module.body
    if not isinstance(function, libcst.FunctionDef) or function.get_docstring() is None or not _body(function)[1:]:
        return source
    bare = function.with_changes(body=libcst.IndentedBlock(_body(function)[1:]))
    return module.with_changes(body=[*above, bare]).code


def with_known_imports(source: str, text: str, files: Mapping[str, str]) -> str:
    """The function below imports of what it uses and neither it nor its file has, where it is known whence they come.

    `text` is the file that the function goes into, `files` the project. A name of several modules is left alone.
    """
    try:
        used, there = ast.parse(textwrap.dedent(source)), ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return source
    missing = _used(used) - _bound(used) - _bound(there) - {*dir(builtins)}
    known = _known(files)
    lines = [known[name] for name in sorted(missing) if name in known]
    if "datetime" in missing and re.search(r"\bdatetime\.(?:datetime|timedelta|UTC|timezone|date)\b", source):
        lines = ["import datetime" if line == "from datetime import datetime" else line for line in lines]
    return "".join(f"{line}\n" for line in lines) + source


def _known(files: Mapping[str, str]) -> dict[str, str]:
    """Name → the line that imports it. The project's own go first."""
    places: dict[str, list[str]] = {}
    for path, text in files.items():
        if path.startswith("src/") and path.endswith(".py"):
            for name in _classes(text):
                places.setdefault(name, []).append(".".join(PurePosixPath(path).with_suffix("").parts))
    own = {name: f"from {found[0]} import {name}" for name, found in places.items() if len(found) == 1}
    standard = {
        name: f"from {module} import {name}" if module else f"import {name}"
        for module, names in _STANDARD.items()
        for name in names
    }
    return {**standard, **own}


def _classes(text: str) -> Iterable[str]:
    """What a project's files mean by a name; its functions are not guessed at."""
    return re.findall(r"^class ([A-Za-z]\w*)", text, re.MULTILINE)


def _used(tree: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}


def _bound(tree: ast.AST) -> set[str]:
    return set(_names(ast.walk(tree)))


def _names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.ExceptHandler(name=str(name)):
                yield name
            case ast.alias(name=name, asname=given):
                yield given or name.partition(".")[0]


def _body(function: libcst.FunctionDef) -> list[libcst.BaseStatement]:
    import libcst

    inner = function.body
    return list(inner.body) if isinstance(inner, libcst.IndentedBlock) else []


def _narrowed(function: libcst.FunctionDef) -> libcst.FunctionDef:
    """The function with long texts written in parts, as no formatter does it. Docstrings end with a line end."""
    import libcst

    class Narrowing(libcst.CSTTransformer):
        def visit_ConcatenatedString(self, node: libcst.ConcatenatedString) -> bool:  # noqa: N802 -- as below
            del node
            return False

        def leave_SimpleString(  # noqa: N802 -- the name is the base class's
            self, original_node: libcst.SimpleString, updated_node: libcst.SimpleString
        ) -> libcst.BaseExpression:
            del original_node
            text = updated_node.value
            if len(text) <= _LONG or "\n" in text or text[0] not in "\"'" or text.startswith(('"""', "'''")):
                return updated_node
            parts = textwrap.wrap(
                text[1:-1],
                _LONG,
                drop_whitespace=False,
                break_long_words=False,
                break_on_hyphens=False,
                expand_tabs=False,
                replace_whitespace=False,
            )
            pieces = [libcst.SimpleString(f"{text[0]}{part}{text[0]}") for part in parts]
            return _joined(pieces)

    changed = function.visit(Narrowing())
    assert isinstance(changed, libcst.FunctionDef)
    return changed


def _joined(pieces: list[libcst.SimpleString]) -> libcst.BaseExpression:
    import libcst

    first, *rest = pieces
    if not rest:
        return first
    whole: libcst.SimpleString | libcst.ConcatenatedString = rest[-1]
    for piece in reversed([first, *rest[:-1]]):
        whole = libcst.ConcatenatedString(piece, whole)
    return whole.with_changes(lpar=[libcst.LeftParen()], rpar=[libcst.RightParen()])
