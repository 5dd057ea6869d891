"""Tests that were there before and say less now."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from agent.checklist.honesty import dishonest_tests
from agent.developer.conduct.around import influences
from agent.developer.conduct.model import Offence
from agent.developer.conduct.reading import Function, dotted, functions

_SKIPS = frozenset({"skip", "skipif", "xfail", "importorskip", "SkipTest", "skipTest"})
_LINE = re.compile(r":\d+:")
_HOOK = "pytest_"


def weakened_tests(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Offence]:
    """Tests that are gone, skipped or weaker."""
    for path in sorted(filter(_of_tests, after)):
        if before.get(path) != after[path]:
            yield from _around(path, before.get(path, ""), after[path])
    present = {name for path, text in after.items() if _of_tests(path) for name in functions(text)}
    for path in sorted(filter(_of_tests, before)):
        if before[path] == after.get(path):
            continue
        old, new = functions(before[path]), functions(after.get(path, ""))
        for name, test in old.items():
            if name.rpartition(".")[2].startswith("test"):
                yield from _compared(path, name, test, new.get(name), moved=name in present)
    yield from _hooks(before, after)
    yield from _dishonest(before, after)


def _dishonest(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Offence]:
    """Tests that were there and hold now whatever the code does."""
    changed = {path: text for path, text in after.items() if path in before and before[path] != text}
    known = {_unplaced(one) for one in dishonest_tests({path: before[path] for path in changed})}
    for one in dishonest_tests(changed):
        path, _, rest = one.partition(":")
        if _unplaced(one) not in known and before[path]:
            yield Offence(path, rest.lstrip(":0123456789 "), "file")


def _unplaced(finding: str) -> str:
    """Without the line, which moves with whatever stands above."""
    return _LINE.sub(":", finding)


def _around(path: str, before: str, after: str) -> Iterator[Offence]:
    """What decides about tests from outside of them: skips, names that pytest reads, code under test put aside."""
    back: Literal["file", "nothing"] = "file" if before else "nothing"
    for what in sorted(influences(path, after) - influences(path, before)):
        yield Offence(path, f"{what}: tests no longer run, or no longer run what they are about", back)


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
    marks = [one for one in test.decorator_list if dotted(one).rpartition(".")[2] in _SKIPS or _is_empty(one)]
    calls = [one for one in ast.walk(test) if isinstance(one, ast.Call) and dotted(one).rpartition(".")[2] in _SKIPS]
    return len({id(one) for one in (*marks, *calls)})


def _is_empty(mark: ast.expr) -> bool:
    """It lets a test run with nothing, that is, not at all."""
    values = mark.args[1:2] if isinstance(mark, ast.Call) and dotted(mark).endswith(".parametrize") else []
    return any(isinstance(one, ast.List | ast.Tuple) and not one.elts for one in values)


def _reached(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """Every node of these statements but for what stands behind an end, or behind a condition that is never true."""
    for statement in body:
        match statement:
            case ast.If(test=ast.Constant(value=never), orelse=rest) if not never:
                live = rest
            case _:
                live = [statement]
        yield from (node for part in live for node in ast.walk(part))
        if isinstance(statement, ast.Return | ast.Raise):
            return


def _can_fail(claim: ast.expr) -> bool:
    alternatives = claim.values if isinstance(claim, ast.BoolOp) and isinstance(claim.op, ast.Or) else [claim]
    return not any(isinstance(one, ast.Constant | ast.Tuple) for one in alternatives)


def _claims(test: Function) -> int:
    """How many assertions it makes that could fail."""
    raises = (
        isinstance(item.context_expr, ast.Call) and dotted(item.context_expr).endswith("raises")
        for node in _reached(test.body)
        if isinstance(node, ast.With | ast.AsyncWith)
        for item in node.items
    )
    asserts = (isinstance(node, ast.Assert) and _can_fail(node.test) for node in _reached(test.body))
    return sum(raises) + sum(asserts)
