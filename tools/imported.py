"""Adds imports to a Python file, as far as it does not have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst

_Name = tuple[str, str, str]
"""Module, name, name that it is given."""


def is_import(statement: libcst.CSTNode) -> bool:
    """Whether this line of a module consists of imports."""
    import libcst

    return isinstance(statement, libcst.SimpleStatementLine) and all(
        isinstance(part, libcst.Import | libcst.ImportFrom) for part in statement.body
    )


def with_imports(module: libcst.Module, wanted: Sequence[libcst.CSTNode]) -> libcst.Module:
    """The module with these lines of imports below its own; what it imports already is left out.

    How they are sorted is left to the formatter.
    """
    import libcst

    known = {name for line in module.body for name in _names(line)}
    added = [libcst.parse_statement(line) for line in _lines(wanted, known)]
    if not added:
        return module
    at = _below(module.body)
    return module.with_changes(body=[*module.body[:at], *added, *module.body[at:]])


def _below(body: Sequence[libcst.CSTNode]) -> int:
    """Where imports may be added: after the last one, else after the docstring and what is said for the compiler."""
    import libcst

    last = max((at for at, line in enumerate(body) if is_import(line)), default=-1)
    match body:
        case [libcst.SimpleStatementLine(body=[libcst.Expr(value=libcst.SimpleString())]), *_] if last < 0:
            return 1
    return last + 1


def _lines(wanted: Sequence[libcst.CSTNode], known: set[_Name]) -> Iterator[str]:
    for line in wanted:
        for module, name, given in _names(line):
            if (module, name, given) in known:
                continue
            known.add((module, name, given))
            renamed = f" as {given}" if given != name else ""
            yield f"from {module} import {name}{renamed}\n" if module else f"import {name}{renamed}\n"


def _names(line: libcst.CSTNode) -> Iterator[_Name]:
    import libcst

    for part in line.body if isinstance(line, libcst.SimpleStatementLine) else ():
        if isinstance(part, libcst.ImportFrom):
            module = "." * len(part.relative) + (_code(part.module) if part.module else "")
            aliases = [] if isinstance(part.names, libcst.ImportStar) else part.names
        elif isinstance(part, libcst.Import):
            module, aliases = "", part.names
        else:
            continue
        for alias in aliases:
            name = _code(alias.name)
            yield module, name, _code(alias.asname.name) if alias.asname else name


def _code(node: libcst.CSTNode) -> str:
    import libcst

    return libcst.Module([]).code_for_node(node)
