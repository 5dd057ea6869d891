"""Compares what a test run reports with the tests that stand in the worktree, read without running any of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from tools.reports import TestReport

_NAMED = 5
_TEST_FILE = re.compile(r"test_.*\.py|.*_test\.py")

_Test = ast.FunctionDef | ast.AsyncFunctionDef


def forgeries(report: TestReport, files: Mapping[str, str]) -> list[str]:
    """Tests that stand in the worktree and were not reported, and reported ones that stand nowhere.

    Only plain functions and methods are expected to be reported; a name is looked for anywhere, because tests can be
    imported, inherited and made.
    """
    reported = {_bare(one.name) for one in report.cases}
    named = {word for path, text in files.items() if path.endswith(".py") for word in re.findall(r"\w+", text)}
    unknown = sorted(name for name in reported if not _exists(name, files, named))
    missing = [name for name in _expected(files) if not _told(name, reported)]
    return [
        *_problem("reported, but no such test stands in the worktree", unknown),
        *_problem("stands in the worktree, but was neither run nor skipped", missing),
    ]


def _problem(what: str, names: list[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return [f"{', '.join(names[:_NAMED])}{more}: {what}"]


def _bare(name: str) -> str:
    """A test's id without its parameters."""
    return name.partition("[")[0]


def _exists(name: str, files: Mapping[str, str], named: set[str]) -> bool:
    path, *parts = name.split("::")
    known = path in files or any(one.startswith(f"{path}/") for one in files) or path in ("", ".")
    return known and all(part in named for part in parts)


def _told(name: str, reported: set[str]) -> bool:
    """True when the test, its class or its whole file has an outcome."""
    parts = name.split("::")
    return any("::".join(parts[:count]) in reported for count in range(1, len(parts) + 1))


def _expected(files: Mapping[str, str]) -> Iterator[str]:
    for path, text in files.items():
        name = PurePosixPath(path).name
        if path.startswith("tests/") and _TEST_FILE.fullmatch(name):
            yield from (f"{path}::{one}" for one in _tests(text))


def _tests(text: str) -> Iterator[str]:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return
    yield from _names(body)
    for one in body:
        if isinstance(one, ast.ClassDef) and one.name.startswith("Test") and not _opts_out(one):
            yield from (f"{one.name}::{name}" for name in _names(one.body))


def _names(body: list[ast.stmt]) -> Iterator[str]:
    tests = (node for node in body if isinstance(node, _Test) and node.name.startswith("test_"))
    return (node.name for node in tests if not any("fixture" in ast.unparse(one) for one in node.decorator_list))


def _opts_out(node: ast.ClassDef) -> bool:
    """True for a class that pytest does not collect: it has a constructor, or says so."""
    names = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
    assigned = {ast.unparse(target) for one in node.body if isinstance(one, ast.Assign) for target in one.targets}
    return "__init__" in names or "__test__" in assigned
