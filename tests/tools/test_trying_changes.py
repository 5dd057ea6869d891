"""Tests that run again on changed code, in the same process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.workspace.worktree import GitWorkspace
from tests.workspace.toolchains import CONFIG
from tools.pytest import run_tests
from tools.reports import Change, Changes, TestReport

_CODE = """def larger(x):
    if x > 3:
        return x + 1
    return x


def endless(x):
    while x > 0:
        x = x - 1
    return x


def never():
    return 1
"""
_TESTS = """
import socket

import pytest

from src.app import endless, larger


@pytest.fixture(scope="session")
def connected():
    server = socket.create_server(("127.0.0.1", 0))
    with server, socket.create_connection(server.getsockname()) as connection:
        yield connection


def test_large():
    assert larger(9) == 10


def test_small():
    assert larger(1) == 1


def test_end():
    assert endless(2) == 0


def test_outside(connected):
    assert larger(1) == 1


def test_outside_again(connected):
    assert larger(1) == 1


def test_wrong():
    assert larger(1) == 2
"""


def change(number: int, old: str, new: str) -> Change:
    start = _CODE.index(old)
    line = _CODE[:start].count("\n") + 1
    return Change(number, "src/app.py", line, line, start, start + len(old), new)


async def run(workspace: GitWorkspace, folder: Path, changes: Sequence[Change], seconds: float = 20.0) -> TestReport:
    workspace.write({"src/__init__.py": "", "src/app.py": _CODE, "tests/test_app.py": _TESTS})
    return await run_tests(
        workspace.run,
        results=folder / "state" / "results",
        pytest_config=CONFIG / "pytest.ini",
        coverage_config=CONFIG / "coverage.ini",
        order=3,
        changes=Changes(seconds, tuple(changes)),
    )


async def test_what_becomes_of_changes(workspace: GitWorkspace, tmp_path: Path) -> None:
    changes = [
        change(0, "x + 1", "x + 2"),
        change(1, "x > 3", "x >= 3"),
        change(2, "x - 1", "x"),
        change(3, "return 1", "return 2"),
        change(4, "x > 3", "x >"),
        change(5, "x > 3", "x > 0"),
    ]
    report = await run(workspace, tmp_path, changes)
    found = {one.number: one for one in report.outcomes}
    assert {number: one.outcome for number, one in found.items()} == {
        0: "killed",
        1: "survived",
        2: "killed",
        3: "survived",
        4: "undecided",
        5: "killed",
    }
    assert found[0].tests == ("tests/test_app.py::test_large",)
    assert (found[1].ran, found[3].ran) == (4, 0)
    assert workspace.read()["src/app.py"] == _CODE


async def test_the_tests_themselves_are_reported_as_ever(workspace: GitWorkspace, tmp_path: Path) -> None:
    report = await run(workspace, tmp_path, [change(0, "x + 1", "x + 2")])
    outcomes = {one.name.rpartition("::")[2]: one.outcome for one in report.cases}
    assert outcomes.pop("test_wrong") == "failed"
    assert set(outcomes.values()) == {"passed"}
    assert len(outcomes) == 5
    assert not report.crashed


async def test_who_needs_nothing_outside_is_told_with_the_lines_that_it_ran(
    workspace: GitWorkspace, tmp_path: Path
) -> None:
    report = await run(workspace, tmp_path, [], seconds=0.0)
    assert {one.rpartition("::")[2] for one in report.alone} == {"test_large", "test_small", "test_end"}
    assert report.alone["tests/test_app.py::test_large"] == {"src/app.py": (2, 3)}


async def test_every_test_is_told_with_the_functions_that_it_ran(workspace: GitWorkspace, tmp_path: Path) -> None:
    report = await run(workspace, tmp_path, [], seconds=0.0)
    ran = {one.rpartition("::")[2]: functions for one, functions in report.ran.items()}
    assert ran["test_large"] == ran["test_outside"] == {"src/app.py": (1,)}
    assert ran["test_end"] == {"src/app.py": (7,)}
    assert ran.keys() == {one.name.rpartition("::")[2] for one in report.cases}
