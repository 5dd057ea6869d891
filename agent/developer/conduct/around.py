"""What in a file of tests decides about tests without standing in one: skips, names that pytest reads, patched code."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from agent.developer.conduct.reading import Function, dotted

_READ_BY_PYTEST = frozenset({"__test__", "collect_ignore", "collect_ignore_glob"})
_SKIPS = frozenset(
    {"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.importorskip"}
    | {"SkipTest", "unittest.SkipTest", "unittest.case.SkipTest"}
)
_OWN = ("src.", "app.")
"""How modules of the service are called."""


def influences(path: str, text: str) -> Counter[str]:
    """What is done in this file of tests, outside of the tests themselves, in words, and how often.

    Nothing of a file that cannot be parsed. What a test does to itself is compared test by test.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return Counter()
    return Counter(_found(tree, shared=path.endswith("conftest.py")))


def _found(tree: ast.Module, *, shared: bool) -> Iterator[str]:
    tests = {node.name for node in ast.walk(tree) if isinstance(node, Function) and node.name.startswith("test")}
    imported = frozenset(_imported(tree))
    for node in _outside(tree):
        if isinstance(node, ast.Attribute | ast.Name) and dotted(node) in _SKIPS:
            yield f"`{dotted(node)}` outside of a test"
        elif shared and isinstance(node, ast.Call) and _replaces(node, imported):
            yield f"`{ast.unparse(node)}` replaces code of the service for all tests"
        elif isinstance(node, ast.Assign | ast.Delete):
            yield from _bound(node, tests, imported if shared else frozenset())


def _bound(node: ast.Assign | ast.Delete, tests: set[str], imported: frozenset[str]) -> Iterator[str]:
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id in _READ_BY_PYTEST | tests:
            yield f"`{target.id}` is set or taken away"
        elif isinstance(target, ast.Attribute) and dotted(target).partition(".")[0] in imported:
            yield f"`{dotted(target)}` is replaced for all tests"


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that stands in no test."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, Function) and child.name.startswith("test")):
            yield child
            yield from _outside(child)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Names that stand for code of the service."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(_OWN):
            yield from (one.asname or one.name for one in node.names)


def _replaces(call: ast.Call, imported: frozenset[str]) -> bool:
    """It sets something of the service, which its first argument is, or names."""
    if dotted(call).rpartition(".")[2] not in ("setattr", "patch"):
        return False
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Constant):
        return isinstance(first.value, str) and first.value.startswith(_OWN)
    return first is not None and dotted(first).partition(".")[0] in imported
