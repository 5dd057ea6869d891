"""Tests that hold whatever the code does, each with the reason. Read from the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from agent.checklist.assertions import Function, silent_tests
from agent.checklist.names import nodes, syntax_trees

_BROAD = frozenset({"Exception", "BaseException"})
_SWALLOWED = _BROAD | {"AssertionError"}


def dishonest_tests(files: Mapping[str, str]) -> list[str]:
    """Each test without an assertion that could fail, and each that hides its own failure."""
    silent = [f"{test}: asserts nothing that could fail" for test in sorted(silent_tests(files))]
    return silent + [
        f"{path}:{line}: {function.name} {why}"
        for path, tree in syntax_trees(files)
        if path.startswith("tests/")
        for function in nodes(tree)
        if isinstance(function, Function) and function.name.startswith("test")
        for line, why in _hiding(function)
    ]


def _hiding(function: Function) -> Iterator[tuple[int, str]]:
    for node in nodes(function):
        match node:
            case ast.Call(func=ast.Attribute(attr="raises") | ast.Name(id="raises"), args=[error, *_], keywords=[]) if (
                _name(error) in _BROAD
            ):
                yield node.lineno, f"takes any failure for the expected one: pytest.raises({_name(error)})"
            case ast.Call(func=ast.Attribute(attr="suppress") | ast.Name(id="suppress"), args=errors) if any(
                _name(one) in _SWALLOWED for one in errors
            ):
                yield node.lineno, "swallows its own failure: suppress"
            case ast.Try(body=body, handlers=handlers) if _asserts(body):
                yield from ((one.lineno, "swallows its own failure: except") for one in handlers if _swallows(one))
            case _:
                continue


def _asserts(body: list[ast.stmt]) -> bool:
    return any(isinstance(node, ast.Assert) for statement in body for node in nodes(statement))


def _swallows(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    broad = any(one is None or _name(one) in _SWALLOWED for one in caught)
    again = any(
        isinstance(node, ast.Raise | ast.Assert) or (isinstance(node, ast.Call) and _name(node.func) == "fail")
        for statement in handler.body
        for node in nodes(statement)
    )
    return broad and not again


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
