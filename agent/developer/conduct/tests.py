"""Tests that were there before and say less now."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from agent.developer.conduct.model import Offence
from agent.developer.conduct.reading import Function, dotted, functions

_SKIPS = frozenset({"skip", "skipif", "xfail", "importorskip"})
_HOOK = "pytest_"


def weakened_tests(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Offence]:
    """Tests that are gone, skipped or weaker."""
    present = {name for path, text in after.items() if _of_tests(path) for name in functions(text)}
    for path in sorted(filter(_of_tests, before)):
        if before[path] == after.get(path):
            continue
        old, new = functions(before[path]), functions(after.get(path, ""))
        for name, test in old.items():
            if name.rpartition(".")[2].startswith("test"):
                yield from _compared(path, name, test, new.get(name), moved=name in present)
    yield from _hooks(before, after)


def _compared(path: str, name: str, old: Function, new: Function | None, *, moved: bool) -> Iterator[Offence]:
    if new is None:
        if not moved:
            yield Offence(path, f"the test {name} was deleted", "file")
    elif _skips(new) > _skips(old):
        yield Offence(path, f"the test {name} is skipped now", "function", name)
    elif _claims(new) < _claims(old):
        yield Offence(
            path, f"the test {name} asserts less: {_claims(new)} of {_claims(old)} assertions", "function", name
        )


def _hooks(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Offence]:
    """Functions by which pytest lets a project choose what runs and what is reported."""
    for path, text in after.items():
        if path.endswith("conftest.py") and text != before.get(path):
            new = functions(text).keys() - functions(before.get(path, "")).keys()
            for name in sorted(one for one in new if one.startswith(_HOOK)):
                yield Offence(
                    path,
                    f"{name} was added: it can change what tests run and say",
                    "file" if path in before else "nothing",
                )


def _of_tests(path: str) -> bool:
    return path.endswith(".py") and (path.startswith("tests/") or "/tests/" in path)


def _skips(test: Function) -> int:
    marks = [one for one in test.decorator_list if dotted(one).rpartition(".")[2] in _SKIPS]
    calls = [one for one in ast.walk(test) if isinstance(one, ast.Call) and dotted(one).rpartition(".")[2] in _SKIPS]
    return len({id(one) for one in (*marks, *calls)})


def _claims(test: Function) -> int:
    """How many assertions it makes that could fail."""
    raises = (
        isinstance(item.context_expr, ast.Call) and dotted(item.context_expr).endswith("raises")
        for node in ast.walk(test)
        if isinstance(node, ast.With | ast.AsyncWith)
        for item in node.items
    )
    asserts = (
        isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant | ast.Tuple) for node in ast.walk(test)
    )
    return sum(raises) + sum(asserts)
