"""A workspace's tests as a function: what ran, what it sent through the service, what was covered.

The report comes from a recorder and from coverage's own file; nothing that is printed is read. Configuration is the
caller's: of the workspace only its tests and their `conftest.py` count.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from tools import pytest_plugin
from tools.reports import TestCase, TestReport, Touch
from tools.running import Runner
from tools.sandbox.base import CommandResult, Limits, Mounts

TEST_LIMITS = Limits(seconds=300, memory_bytes=2 << 30, processes=512)
_NOTHING_COLLECTED = 5
_PLUGIN = Path(pytest_plugin.__file__).parent


class _Case(BaseModel):
    name: str
    outcome: Literal["passed", "failed", "error", "skipped"]
    message: str


class _Touch(BaseModel):
    method: str
    route: str
    status: int
    test: str


class _Summary(BaseModel):
    covered_lines: int = 0
    num_statements: int = 0
    covered_branches: int = 0
    num_branches: int = 0
    percent_covered: float = 0.0


class _File(BaseModel):
    missing_lines: tuple[int, ...] = ()


class _Coverage(BaseModel):
    totals: _Summary
    files: dict[str, _File]


async def run_tests(
    run: Runner,
    *,
    results: Path,
    pytest_config: Path,
    coverage_config: Path,
    only: Sequence[str] = (),
    mounts: Mounts = Mounts(),
    environment: Mapping[str, str] | None = None,
    limits: Limits = TEST_LIMITS,
) -> TestReport:
    """Run the tests (`only`: files or node ids) with coverage and every request recorded.

    `results` is a folder of the caller's outside the worktree; it is emptied first, and mounted at its own path.
    """
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    script = str(_PLUGIN / "run_recorded.py")
    command = ("python", "-I", "-B", script, str(results), str(coverage_config), str(pytest_config))
    result = await run(
        (*command, *only),
        mounts=Mounts(
            (*mounts.read_only, _PLUGIN, pytest_config, coverage_config),
            mounts.bound,
            {**mounts.writable, results: str(results)},
        ),
        environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **(environment or {})},
        limits=limits,
        writable=True,
    )
    return read_report(result, results)


def read_report(result: CommandResult, results: Path) -> TestReport:
    """The report that the recorder left in the results folder."""
    cases = tuple(TestCase(one.name, one.outcome, one.message) for one in _records(results / "cases.jsonl", _Case))
    touches = tuple(
        Touch(one.method, one.route, one.status, one.test) for one in _records(results / "touches.jsonl", _Touch)
    )
    coverage = _coverage(results / "coverage.json")
    totals = coverage.totals if coverage else _Summary()
    return TestReport(
        command=result.command,
        cases=cases,
        touches=touches,
        line_percent=_percent(totals.covered_lines, totals.num_statements),
        branch_percent=_percent(totals.covered_branches, totals.num_branches),
        covered_percent=totals.percent_covered if coverage and totals.num_statements else None,
        uncovered={name: file.missing_lines for name, file in coverage.files.items() if file.missing_lines}
        if coverage
        else {},
        seconds=result.seconds,
        crashed=_crashed(result, results, cases),
    )


def _crashed(result: CommandResult, results: Path, cases: Sequence[TestCase]) -> str:
    """Why the report is not of a whole run; empty when it is."""
    if result.ending != "exited":
        return f"the tests were ended by their limit on {result.ending}\n{result.output}"
    if not (results / "exit_code").exists():
        return result.output or f"the test process ended with exit code {result.exit_code}"
    if not cases:
        code = (results / "exit_code").read_text()
        return result.output or ("no test was found" if code == str(_NOTHING_COLLECTED) else f"pytest exit code {code}")
    return ""


def _records[Record: BaseModel](file: Path, kind: type[Record]) -> Iterator[Record]:
    """The records of a file; what is no record was written by someone else than the recorder, and is left out."""
    if not file.is_file() or file.is_symlink():
        return
    for line in file.read_text(errors="replace").splitlines():
        try:
            yield kind.model_validate_json(line)
        except ValidationError:
            continue


def _coverage(file: Path) -> _Coverage | None:
    if not file.is_file() or file.is_symlink():
        return None
    try:
        return _Coverage.model_validate_json(file.read_bytes())
    except ValidationError:
        return None


def _percent(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None
