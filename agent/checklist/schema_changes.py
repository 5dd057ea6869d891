"""Code that changes the schema of a database without being a migration: read from syntax trees.

A service that makes its tables when it starts works on an empty database, and hides every migration that is missing.
Temporary tables and partitions are no changes of the schema. Tests and scripts may do as they like, and revisions are
there for it: as long as the service itself does not run them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatch
from posixpath import basename

from agent.checklist.layers import aside, is_migration
from agent.checklist.names import nodes, syntax_trees
from agent.checklist.reaching import reached

_KINDS = "TABLE|INDEX|TYPE|SCHEMA|VIEW|TRIGGER|FUNCTION|SEQUENCE|DOMAIN|EXTENSION"
_PARTITION = r"(IF\s+(NOT\s+)?EXISTS\s+)?(ONLY\s+)?[^\s(]*\s*(PARTITION\s+OF|(ATTACH|DETACH)\s+PARTITION)\b"
_STATEMENT = rf"\s*(CREATE|ALTER|DROP)\s+(UNLOGGED\s+|UNIQUE\s+|OR\s+REPLACE\s+)*({_KINDS})\b(?!\s*{_PARTITION})"
_CHANGES = re.compile(_STATEMENT, re.DOTALL)
_AMONG_OTHERS = re.compile(rf"(^|;)(\s|--[^\n]*\n)*{_STATEMENT}", re.DOTALL)
_SENDING = frozenset({"execute", "exec_driver_sql", "text"})
"""What they are given is SQL, in small letters too; elsewhere these may be words to read."""
_WHOLE_SCHEMA = frozenset({"create_all", "drop_all"})
_ELEMENTS = frozenset({"CreateTable", "DropTable", "CreateIndex", "DropIndex", "CreateSchema", "DropSchema"})
"""Statements of SQLAlchemy's."""
_OPERATIONS = frozenset(
    {
        "create_table", "drop_table", "rename_table", "add_column", "drop_column", "alter_column", "batch_alter_table",
        "create_index", "drop_index", "create_foreign_key", "create_unique_constraint", "create_check_constraint",
        "create_primary_key", "drop_constraint",
    }
)  # fmt: skip
"""Those of Alembic's `Operations`; `op` works in revisions alone."""


def schema_changes(files: Mapping[str, str], revisions: Collection[str] = ()) -> tuple[str, ...]:
    """`path:line` of each place; `revisions` are the folders in which the migration tool finds its revisions."""
    trees = dict(syntax_trees(files))
    own = {path for path, tree in trees.items() if not aside(path) and not _is_revision(path, tree, revisions)}
    scripts = {path: text for path, text in files.items() if path.endswith(".sql") and _changes_among_others(text)}
    return tuple(
        f"{path}:{line}"
        for path in sorted(own | reached(files, own))
        for line in sorted({*_lines(trees[path]), *_reading(trees[path], scripts)})
    )


def _is_revision(path: str, tree: ast.Module, folders: Collection[str]) -> bool:
    return is_migration(tree) and any(path.startswith(f"{folder}/") for folder in folders)


def _changes_among_others(text: str) -> bool:
    return bool(_AMONG_OTHERS.search(text.upper()))


def _lines(tree: ast.Module) -> Iterator[int]:
    told = {id(one.value) for one in nodes(tree) if isinstance(one, ast.Expr)}
    sent = {id(part) for one in nodes(tree) if isinstance(one, ast.Call) for part in _sent(one)}
    parts = {id(part) for one in nodes(tree) if _is_put_together(one) for part in nodes(one)[1:]}
    for one in nodes(tree):
        text = folded(one) if id(one) not in told and id(one) not in parts else ""
        if isinstance(one, ast.expr) and _CHANGES.match(text.upper() if id(one) in sent else text):
            yield one.lineno
    yield from _by_libraries(tree)


def _by_libraries(tree: ast.Module) -> Iterator[int]:
    operating = any(isinstance(one, ast.Name | ast.alias) and _name(one) == "Operations" for one in nodes(tree))
    for one in nodes(tree):
        match one:
            case ast.Attribute(attr=name, lineno=line) if name in _WHOLE_SCHEMA:
                yield line
            case ast.Attribute(attr=name, lineno=line) if name in _OPERATIONS and operating:
                yield line
            case ast.Attribute(attr="create" | "drop", value=ast.Attribute(attr="__table__"), lineno=line):
                yield line
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), lineno=line) if name in _ELEMENTS:
                yield line


def _reading(tree: ast.Module, scripts: Collection[str]) -> Iterator[int]:
    """Lines that name a file of statements which change the schema, by its name or a pattern."""
    for one in nodes(tree):
        match one:
            case ast.Constant(value=str(text), lineno=line) if text.endswith(".sql") and "\n" not in text:
                if any(fnmatch(basename(path), basename(text)) for path in scripts):
                    yield line


def folded(node: ast.AST) -> str:
    """A text put together from constants, as far as it is known from its beginning; empty for anything else."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(folded, parts))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return folded(left) + folded(right)
        case ast.BinOp(left=left, op=ast.Mod()):
            return folded(left)
        case ast.Call(
            func=ast.Attribute(attr="join", value=between), args=[ast.List(elts=parts) | ast.Tuple(elts=parts)]
        ):
            return folded(between).join(map(folded, parts))
        case ast.Call(func=ast.Attribute(attr="format", value=text)):
            return folded(text)
        case _:
            return ""


def _is_put_together(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr | ast.BinOp) or (isinstance(node, ast.Call) and bool(folded(node)))


def _name(node: ast.Name | ast.alias) -> str:
    return node.id if isinstance(node, ast.Name) else node.name


def _sent(call: ast.Call) -> Iterator[ast.AST]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in _SENDING:
        for argument in call.args[:1]:
            yield from nodes(argument)
