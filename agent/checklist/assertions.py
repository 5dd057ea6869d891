"""Tests that cannot fail: those in which nothing is asserted. Read from the syntax trees."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping

from agent.checklist.names import nodes, syntax_trees

_ASSERTING = frozenset({"raises", "warns", "fail", "deprecated_call"})
"""Calls that fail a test by themselves; `assert_...` methods do as well."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def silent_tests(files: Mapping[str, str]) -> frozenset[str]:
    """`tests/test_a.py::test_b` for each test without an assertion that could fail; helpers are followed."""
    return _silent(tuple((path, content) for path, content in files.items() if path.startswith("tests/")))


@functools.lru_cache(maxsize=8)
def _silent(files: tuple[tuple[str, str], ...]) -> frozenset[str]:
    trees = tuple(syntax_trees(dict(files)))
    helpers = _asserting_helpers([one for _, tree in trees for one in _functions(tree)])
    return frozenset(
        f"{path}::{one.name}"
        for path, tree in trees
        if path.rpartition("/")[2].startswith("test_") or path.endswith("_test.py")
        for one in _functions(tree)
        if one.name.startswith("test") and not _asserts(one, helpers)
    )


def plain_name(test: str) -> str:
    """A test as pytest names it, without its class and its parameters."""
    path, _, name = test.partition("[")[0].partition("::")
    return f"{path}::{name.rpartition('::')[2]}"


def _asserting_helpers(functions: list[Function]) -> frozenset[str]:
    """Names of functions that assert, by themselves or through another one."""
    found: frozenset[str] = frozenset()
    while True:
        more = frozenset(one.name for one in functions if _asserts(one, found))
        if more == found:
            return found
        found = more


def _functions(tree: ast.Module) -> Iterator[Function]:
    yield from (node for node in nodes(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _asserts(function: Function, helpers: frozenset[str]) -> bool:
    return any(_is_assertion(node, helpers) for statement in function.body for node in nodes(statement))


def _is_assertion(node: ast.AST, helpers: frozenset[str]) -> bool:
    match node:
        case ast.Assert(test=test):
            return not _always_true(test)
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name in helpers or name in _ASSERTING or name.startswith(("assert_", "assert"))
        case _:
            return False


def _always_true(test: ast.expr) -> bool:
    """True for what says nothing about the code: constants, and something that equals itself."""
    match test:
        case ast.Tuple(elts=elements):
            return bool(elements)
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]) if ast.dump(left) == ast.dump(
            right
        ):
            return True
        case _:
            return not any(isinstance(node, ast.Name | ast.Call | ast.Attribute) for node in ast.walk(test))
