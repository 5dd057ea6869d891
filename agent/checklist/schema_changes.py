"""Code that changes the schema of a database without being a migration: read from syntax trees.

A service that makes its tables when it starts works on an empty database, and hides every migration that is missing.
Temporary tables and partitions are no changes of the schema; tests and scripts may do as they like.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from agent.checklist.layers import aside, is_migration
from agent.checklist.names import nodes, syntax_trees

_KINDS = "TABLE|INDEX|TYPE|SCHEMA|VIEW|TRIGGER|FUNCTION|SEQUENCE|DOMAIN|EXTENSION"
_CHANGES = re.compile(
    rf"\s*(CREATE|ALTER|DROP)\s+(UNLOGGED\s+|UNIQUE\s+|OR\s+REPLACE\s+)*({_KINDS})\s(?!.*\bPARTITION\b)", re.DOTALL
)
_SENDING = frozenset({"execute", "exec_driver_sql", "text"})
"""What they are given is SQL, in small letters too; elsewhere these may be words to read."""
_WHOLE_SCHEMA = frozenset({"create_all", "drop_all"})


def schema_changes(files: Mapping[str, str]) -> tuple[str, ...]:
    """`path:line` of each place, tests, scripts and migrations aside."""
    return tuple(
        f"{path}:{line}"
        for path, tree in syntax_trees(files)
        if not aside(path) and not is_migration(tree)
        for line in sorted(set(_lines(tree)))
    )


def _lines(tree: ast.Module) -> Iterator[int]:
    told = {id(one.value) for one in nodes(tree) if isinstance(one, ast.Expr)}
    sent = {id(part) for one in nodes(tree) if isinstance(one, ast.Call) for part in _sent(one)}
    for one in nodes(tree):
        match one:
            case ast.Constant(value=str(text), lineno=line) if id(one) not in told:
                if _CHANGES.match(text.upper() if id(one) in sent else text):
                    yield line
            case ast.Attribute(attr=name, lineno=line) if name in _WHOLE_SCHEMA:
                yield line


def _sent(call: ast.Call) -> Iterator[ast.AST]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in _SENDING:
        for argument in call.args[:1]:
            yield from nodes(argument)
