"""Tests that write their own results, or the conftest that does it for them, are found out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.checklist.forgery import forgeries
from agent.workspace.worktree import GitWorkspace
from tests.workspace.toolchains import CONFIG
from tools.pytest import run_tests
from tools.pytest_plugin.runtime_record import KEY, RECORD, open_record
from tools.pytest_record import read_record
from tools.reports import TestCase, TestReport

_WRONG = "def test_wrong():\n    assert 1 + 1 == 3\n"
_HOST = "what-only-the-host-knows"
_FOLDER = "import os, sys\nFOLDER = next(word for word in sys.orig_argv if word.endswith('/results'))\n"
_PASSED = json.dumps({"kind": "case", "name": "tests/test_a.py::test_wrong", "outcome": "passed", "message": ""})
_END = json.dumps({"kind": "end", "exit_code": 0, "coverage": ""})

_INSTEAD = f"""{_FOLDER}
with open(FOLDER + '/record.jsonl', 'w') as file:
    file.write({_PASSED!r} + '\\n' + {_END!r} + '\\n')
os._exit(0)
"""
_SEALED_BY_A_GUESS = f"""{_FOLDER}
with open(FOLDER + '/record.jsonl', 'w') as file:
    file.write('0' * 32 + ' ' + {_PASSED!r} + '\\n' + '0' * 32 + ' ' + {_END!r} + '\\n')
os._exit(0)
"""
_ONE_MORE_LINE = f"""{_FOLDER}
with open(FOLDER + '/record.jsonl', 'a') as file:
    file.write({_PASSED!r} + '\\n')
"""
_NO_RECORD = f"{_FOLDER}\nos.unlink(FOLDER + '/record.jsonl')\n"
_KEY = f"{_FOLDER}\nopen(FOLDER + '/key').read()\n"
_SERIALISER = "import json\njson.dumps = lambda *_, **__: ''\n"
_REPORTS = """
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    made = yield
    made.get_result().outcome = "passed"
"""
_CALLS = "def pytest_pyfunc_call(pyfuncitem):\n    return True\n"
_SWALLOWED = """
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    except AssertionError:
        return None
"""
_PLUGIN = 'pytest_plugins = ["tests.plugin"]\n'


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "state" / "results"


async def _run(workspace: GitWorkspace, results: Path, files: dict[str, str]) -> TestReport:
    workspace.write({"tests/__init__.py": "", "tests/test_a.py": _WRONG, **files})
    return await run_tests(
        workspace.run,
        results=results,
        pytest_config=CONFIG / "pytest.ini",
        coverage_config=CONFIG / "coverage.ini",
    )


@pytest.mark.parametrize(
    "conftest",
    [
        _INSTEAD,
        _SEALED_BY_A_GUESS,
        _ONE_MORE_LINE,
        _NO_RECORD,
        _KEY,
        _SERIALISER,
        _REPORTS,
        _CALLS,
        _SWALLOWED,
        _PLUGIN,
    ],
)
async def test_a_failing_test_does_not_become_a_good_one(workspace: GitWorkspace, results: Path, conftest: str) -> None:
    report = await _run(workspace, results, {"tests/conftest.py": conftest, "tests/plugin.py": _CALLS})
    bad = [one for one in report.cases if one.outcome in ("failed", "error")]
    assert report.crashed or bad, report


async def test_what_only_the_host_may_read_is_not_reported(
    workspace: GitWorkspace, results: Path, tmp_path: Path
) -> None:
    """The reader is the runtime, which may read more than the tests."""
    host = tmp_path / "host.txt"
    host.write_text(_HOST)
    link = "\nif os.path.lexists(FOLDER + '/{0}'): os.unlink(FOLDER + '/{0}')\nos.symlink('{1}', FOLDER + '/{0}')"
    links = "".join(link.format(name, host) for name in ("record.jsonl", "coverage.json", "exit_code"))
    report = await _run(workspace, results, {"tests/conftest.py": f"{_FOLDER}{links}\nos._exit(0)\n"})
    assert report.crashed
    assert _HOST not in repr(report)


async def test_a_pipe_in_place_of_the_record_is_not_waited_for(workspace: GitWorkspace, results: Path) -> None:
    pipe = f"{_FOLDER}\nos.unlink(FOLDER + '/record.jsonl')\nos.mkfifo(FOLDER + '/record.jsonl')\nos._exit(0)\n"
    assert (await _run(workspace, results, {"tests/conftest.py": pipe})).crashed


async def test_coverage_that_the_tests_wrote_is_not_believed(workspace: GitWorkspace, results: Path) -> None:
    late = """
import atexit, json, os
def forge():
    totals = {"covered_lines": 9, "num_statements": 9, "percent_covered": 100.0}
    with open(FOLDER + "/coverage.json", "w") as file:
        json.dump({"totals": totals, "files": {}}, file)
atexit.register(forge)
"""
    files = {"src/__init__.py": "", "src/a.py": "x = 1\n", "tests/test_b.py": "import src.a\ndef test_b(): ...\n"}
    report = await _run(workspace, results, {**files, "tests/conftest.py": _FOLDER + late})
    assert report.cases
    assert report.line_percent is None


def _report(*names: str) -> TestReport:
    return TestReport(("pytest",), tuple(TestCase(name, "passed") for name in names), (), 90.0, 90.0, 90.0)


_FILES = {
    "tests/test_a.py": "import pytest\n\n@pytest.fixture\ndef test_client(): ...\n\ndef test_one(): ...\n\n"
    "async def test_two(n): ...\n\nclass TestMore:\n    def test_three(self): ...\n\n"
    "class TestHelper:\n    def __init__(self): ...\n    def test_nothing(self): ...\n",
    "tests/helper.py": "def test_not_collected(): ...\n",
}
_ALL = ("tests/test_a.py::test_one", "tests/test_a.py::test_two[1]", "tests/test_a.py::TestMore::test_three")


class TestComparison:
    """What is reported is compared with what stands in the files."""

    def test_a_whole_report_is_one(self) -> None:
        assert forgeries(_report(*_ALL), _FILES) == []

    def test_a_test_that_vanished_is_named(self) -> None:
        (problem,) = forgeries(_report(*_ALL[:2]), _FILES)
        assert problem.startswith("tests/test_a.py::TestMore::test_three: stands in the worktree, but was neither run")

    def test_a_test_that_stands_nowhere_is_named(self) -> None:
        (problem,) = forgeries(_report(*_ALL, "tests/test_a.py::test_invented"), _FILES)
        assert problem.startswith("tests/test_a.py::test_invented: reported, but no such test stands in")

    def test_a_file_that_was_skipped_as_a_whole_has_its_outcome(self) -> None:
        assert forgeries(_report("tests/test_a.py"), _FILES) == []

    def test_many_are_bounded(self) -> None:
        files = {"tests/test_a.py": "\n".join(f"def test_{n}(): ..." for n in range(20))}
        (problem,) = forgeries(_report("tests/test_a.py::test_0"), files)
        assert " and 14 more: stands in the worktree" in problem


class TestRecord:
    """The record alone."""

    def test_what_is_written_is_read(self, tmp_path: Path) -> None:
        (tmp_path / KEY).write_bytes(b"k")
        write = open_record(tmp_path)
        assert not (tmp_path / KEY).exists()
        write({"kind": "case", "name": "a", "outcome": "passed", "message": "ü\n"})
        write({"kind": "end", "exit_code": 0, "coverage": ""})
        record = read_record(tmp_path, b"k")
        assert [case.message for case in record.cases] == ["ü\n"]
        assert record.end
        assert not record.forged
        assert read_record(tmp_path, b"another key").forged

    @pytest.mark.parametrize("order", [(1, 0), (1,), (0, 0), (0, 1, 1)])
    def test_lines_out_of_their_order_are_not_believed(self, tmp_path: Path, order: tuple[int, ...]) -> None:
        (tmp_path / KEY).write_bytes(b"k")
        write = open_record(tmp_path)
        for name in "ab":
            write({"kind": "case", "name": name, "outcome": "passed", "message": ""})
        lines = (tmp_path / RECORD).read_text().splitlines()
        (tmp_path / RECORD).write_text("".join(f"{lines[at]}\n" for at in order))
        assert read_record(tmp_path, b"k").forged
