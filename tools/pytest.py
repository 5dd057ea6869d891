"""A workspace's tests as a function: what ran, what it sent through the service, what was covered.

The report comes from a sealed record and from coverage's own file; nothing that is printed is read. Configuration is
the caller's: of the workspace only its tests and their `conftest.py` count.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, ValidationError

from tools import pytest_plugin
from tools.pytest_plugin.runtime_record import KEY, PLAN
from tools.pytest_record import Record, read_coverage, read_hung, read_record
from tools.reports import ChangeOutcome, Changes, TestCase, TestReport, Touch
from tools.running import Runner
from tools.sandbox.base import CommandResult, Limits, Mounts

TEST_LIMITS = Limits(seconds=300, memory_bytes=2 << 30, processes=512)
_PATIENCE = 60.0
_NOTHING_COLLECTED = 5
_PLUGIN = Path(pytest_plugin.__file__).parent


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
    order: int | None = None,
    changes: Changes | None = None,
    mounts: Mounts = Mounts(),
    environment: Mapping[str, str] | None = None,
    limits: Limits = TEST_LIMITS,
    patience: float = _PATIENCE,
) -> TestReport:
    """Run the tests (`only`: files or node ids) with coverage and every request recorded.

    `order` is the seed of a random order of all tests; None: the order in which they stand. With `changes` to try,
    coverage is not measured, and the limit on time has to hold their seconds too.
    `patience`, in seconds, is what the import of the tests may take, and each test: after it the run is ended.
    `results` is a folder of the caller's outside the worktree; mounted at its own path, emptied before and gone after.
    """
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    key = secrets.token_bytes(32)
    (results / KEY).write_bytes(key)
    if changes is not None:
        (results / PLAN).write_text(json.dumps(asdict(changes)))
    script = str(_PLUGIN / "run_recorded.py")
    command = ("python", "-I", "-B", script, str(results), str(coverage_config), str(pytest_config))
    seed = "-" if order is None else str(order)
    result = await run(
        (*command, seed, str(patience), *only),
        mounts=Mounts(
            (*mounts.read_only, _PLUGIN, pytest_config, coverage_config),
            mounts.bound,
            {**mounts.writable, results: str(results)},
        ),
        environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **(environment or {})},
        limits=limits,
        writable=True,
    )
    report = _report(result, results, read_record(results, key))
    shutil.rmtree(results)  # what tests print may be secret, and the report is all that is needed
    return report


def _report(result: CommandResult, results: Path, record: Record) -> TestReport:
    cases = tuple(TestCase(one.name, one.outcome, one.message) for one in record.cases)
    touches = tuple(Touch(one.method, one.route, one.status, one.test) for one in record.touches)
    coverage = _coverage(read_coverage(results, record))
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
        crashed=_crashed(result, record, read_hung(results)),
        outcomes=tuple(ChangeOutcome(one.number, one.outcome, one.ran, one.tests) for one in record.changed),
        alone={one.test: one.lines for one in record.alone},
        ran={one.test: one.functions for one in record.ran},
    )


def _crashed(result: CommandResult, record: Record, hung: str) -> str:
    """Why the report is not of a whole run; empty when it is."""
    if record.forged:
        return f"{record.forged}: tests may not touch what records them\n{result.output}"
    if result.ending != "exited":
        return f"the tests were ended by their limit on {result.ending}\n{result.output}"
    if record.end is None and hung:
        return "\n".join(part for part in (hung, result.output) if part)
    if record.end is None:
        return result.output or f"the test process ended with exit code {result.exit_code}"
    if not record.cases:
        code = record.end.exit_code
        return result.output or ("no test was found" if code == _NOTHING_COLLECTED else f"pytest exit code {code}")
    return ""


def _coverage(content: bytes | None) -> _Coverage | None:
    if content is None:
        return None
    try:
        return _Coverage.model_validate_json(content)
    except ValidationError:
        return None


def _percent(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None
