"""Pytest as a function: what ran, what it sent through the service, what was covered."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.workspace.worktree import GitWorkspace
from tests.workspace.toolchains import CONFIG
from tools.pytest import run_tests
from tools.rendering import render
from tools.reports import TestReport, Touch
from tools.sandbox.base import Limits

_APPLICATION = '''
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from starlette.responses import PlainTextResponse


class Guard:
    """Answers before the router does."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and (b"x-bad", b"1") in scope["headers"]:
            await PlainTextResponse("no", 401)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def create_app() -> FastAPI:
    app = FastAPI()
    app.add_middleware(Guard)
    outer, inner, sub = APIRouter(prefix="/v1"), APIRouter(prefix="/books"), FastAPI()

    @inner.get("/{book_id}")
    async def get_book(book_id: int) -> int:
        if book_id == 9:
            raise HTTPException(404)
        return book_id

    @inner.get("/special/all")
    def special() -> str:
        return "all"

    @inner.post("", status_code=201)
    def add() -> str:
        return "made"

    @sub.get("/deep/{name:path}")
    def deep(name: str) -> str:
        return name

    @app.get("/boom")
    def boom() -> str:
        raise RuntimeError("boom")

    outer.include_router(inner)
    app.include_router(outer)
    app.mount("/sub", sub)
    return app


def never(x: int) -> int:
    if x:
        return 1
    return 2
'''
_TESTS = """
import threading

import httpx
import pytest
from fastapi.testclient import TestClient

from src.app import create_app


@pytest.fixture
async def client():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app()), base_url="http://test") as client:
        yield client


async def test_with_httpx(client):
    assert (await client.get("/v1/books/3")).json() == 3
    assert (await client.get("/v1/books/9")).status_code == 404
    assert (await client.get("/v1/books/x")).status_code == 422


def test_with_the_test_client():
    with TestClient(create_app(), raise_server_exceptions=False) as client:
        assert client.post("/v1/books").status_code == 201
        assert client.get("/v1/books/special/all").status_code == 200
        assert client.get("/sub/deep/a/b").json() == "a/b"
        assert client.get("/boom").status_code == 500


def test_before_the_router():
    assert TestClient(create_app()).get("/v1/books/1", headers={"x-bad": "1"}).status_code == 401


def test_unknown():
    assert TestClient(create_app()).get("/nowhere").status_code == 404
    assert TestClient(create_app()).delete("/v1/books/1").status_code == 405


def test_wrong():
    assert 1 + 1 == 3


@pytest.mark.skip(reason="later")
def test_skipped(): ...


@pytest.mark.parametrize("n", [1, 2])
def test_many(n): ...


@pytest.fixture
def broken():
    raise ValueError("no fixture")


def test_without_fixture(broken): ...
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "state" / "results"


async def _run(workspace: GitWorkspace, results: Path, only: tuple[str, ...] = (), **limits: float) -> TestReport:
    return await run_tests(
        workspace.run,
        results=results,
        pytest_config=CONFIG / "pytest.ini",
        coverage_config=CONFIG / "coverage.ini",
        only=only,
        environment={"PYTHONPATH": "lib"},
        limits=Limits(seconds=limits.get("seconds", 60)),
        patience=limits.get("patience", 60),
    )


def _service(workspace: GitWorkspace, tests: str = _TESTS) -> None:
    workspace.write({"src/__init__.py": "", "src/app.py": _APPLICATION, "tests/test_app.py": tests})


async def test_every_test_is_reported(workspace: GitWorkspace, results: Path) -> None:
    _service(workspace)
    report = await _run(workspace, results)
    outcomes = {case.name.removeprefix("tests/test_app.py::"): case.outcome for case in report.cases}
    assert outcomes == {
        "test_with_httpx": "passed",
        "test_with_the_test_client": "passed",
        "test_before_the_router": "passed",
        "test_unknown": "passed",
        "test_wrong": "failed",
        "test_skipped": "skipped",
        "test_many[1]": "passed",
        "test_many[2]": "passed",
        "test_without_fixture": "error",
    }
    messages = {case.name.rpartition("::")[2]: case.message for case in report.cases}
    assert "assert 1 + 1 == 3" in messages["test_wrong"] or "assert (1 + 1) == 3" in messages["test_wrong"]
    assert "no fixture" in messages["test_without_fixture"]
    assert not report.crashed


async def test_every_request_is_recorded_by_its_route(workspace: GitWorkspace, results: Path) -> None:
    _service(workspace)
    report = await _run(workspace, results)
    here = "tests/test_app.py::"
    assert set(report.touches) == {
        Touch("GET", "/v1/books/{book_id}", 200, f"{here}test_with_httpx"),
        Touch("GET", "/v1/books/{book_id}", 404, f"{here}test_with_httpx"),
        Touch("GET", "/v1/books/{book_id}", 422, f"{here}test_with_httpx"),
        Touch("POST", "/v1/books", 201, f"{here}test_with_the_test_client"),
        Touch("GET", "/v1/books/special/all", 200, f"{here}test_with_the_test_client"),
        Touch("GET", "/sub/deep/{name}", 200, f"{here}test_with_the_test_client"),
        Touch("GET", "/boom", 500, f"{here}test_with_the_test_client"),
        Touch("GET", "/v1/books/{book_id}", 401, f"{here}test_before_the_router"),
    }


async def test_coverage_counts_lines_and_branches(workspace: GitWorkspace, results: Path) -> None:
    _service(workspace)
    report = await _run(workspace, results)
    assert report.line_percent is not None
    assert 80 < report.line_percent < 100
    assert report.branch_percent is not None
    assert report.branch_percent < 100
    assert report.covered_percent is not None
    assert min(report.line_percent, report.branch_percent) <= report.covered_percent <= 100
    lines = _APPLICATION.splitlines()
    assert [lines[line - 1].strip() for line in report.uncovered["src/app.py"]] == ["if x:", "return 1", "return 2"]


async def test_only_some_tests(workspace: GitWorkspace, results: Path) -> None:
    _service(workspace)
    report = await _run(workspace, results, ("tests/test_app.py::test_unknown",))
    assert [case.name for case in report.cases] == ["tests/test_app.py::test_unknown"]


async def test_failures_come_first_in_what_is_rendered(workspace: GitWorkspace, results: Path) -> None:
    _service(workspace)
    text = render(await _run(workspace, results), 2000)
    assert text.startswith("1 error, 1 failed, 1 skipped, 6 passed; ")
    assert text.index("failed tests/test_app.py::test_wrong") < text.index("not covered: src/app.py: ")
    assert len(text) <= 2000


_LOGGING = """
import logging


def answer() -> int:
    try:
        try:
            return int("many")
        except ValueError as error:
            raise RuntimeError("something went wrong") from error
    except RuntimeError as error:
        logging.getLogger("service").error("Something went wrong.", exc_info=error)
        return 500
"""
_ASKING = """
import logging

from src.app import answer


def test_that_passes_all_the_same():
    logging.basicConfig(force=True)
    assert answer() == 500


def test_that_fails_for_another_reason():
    assert 1 == 2


def test_of_the_answer():
    assert answer() == 200
"""


async def test_a_failed_test_tells_what_the_service_logged_meanwhile(workspace: GitWorkspace, results: Path) -> None:
    workspace.write({"src/app.py": _LOGGING, "tests/test_app.py": _ASKING})
    report = await _run(workspace, results)
    told = {case.name.rpartition("::")[2]: case.message for case in report.cases}
    assert told["test_of_the_answer"].startswith(
        'the service logged an error: src/app.py:8: return int("many")\nValueError: invalid literal'
    )
    assert "assert 500 == 200" in told["test_of_the_answer"]
    assert told["test_that_passes_all_the_same"] == ""
    assert "logged" not in told["test_that_fails_for_another_reason"]


async def test_a_module_that_cannot_be_imported_is_an_error(workspace: GitWorkspace, results: Path) -> None:
    workspace.write({"tests/test_a.py": "import nothing_like_it\n"})
    report = await _run(workspace, results)
    assert [(case.name, case.outcome) for case in report.cases] == [("tests/test_a.py", "error")]
    assert "nothing_like_it" in report.cases[0].message


async def test_no_test_at_all_is_said(workspace: GitWorkspace, results: Path) -> None:
    workspace.write({"src/a.py": "x = 1\n"})
    report = await _run(workspace, results)
    assert report.cases == ()
    assert report.crashed


async def test_a_broken_conftest_is_said(workspace: GitWorkspace, results: Path) -> None:
    workspace.write({"tests/conftest.py": "raise RuntimeError('broken')\n", "tests/test_a.py": "def test_a(): ...\n"})
    assert "broken" in (await _run(workspace, results)).crashed


async def test_tests_that_never_end_are_ended(workspace: GitWorkspace, results: Path) -> None:
    workspace.write({"tests/test_a.py": "import time\n\n\ndef test_a(): ...\n\n\ndef test_b():\n    time.sleep(60)\n"})
    report = await _run(workspace, results, seconds=10)
    assert "timeout" in report.crashed
    assert [case.outcome for case in report.cases] == ["passed"], "what ran before is known"


async def test_a_test_that_hangs_is_named(workspace: GitWorkspace, results: Path) -> None:
    workspace.write({"tests/test_a.py": "import time\n\n\ndef test_a(): ...\n\n\ndef test_b():\n    time.sleep(60)\n"})
    report = await _run(workspace, results, patience=3)
    assert report.crashed.startswith("tests/test_a.py::test_b took more than 0:00:03 and was ended in")
    assert 'tests/test_a.py", line 8 in test_b' in report.crashed.splitlines()[1]
    assert [case.outcome for case in report.cases] == ["passed"], "what ran before is known"


async def test_an_import_that_hangs_is_shown(workspace: GitWorkspace, results: Path) -> None:
    workspace.write({"src/__init__.py": "", "src/app.py": "import time\n\ntime.sleep(60)\n"})
    workspace.write({"tests/conftest.py": "import src.app\n", "tests/test_a.py": "def test_a(): ...\n"})
    report = await _run(workspace, results, patience=3)
    assert report.crashed.startswith("collecting the tests took more than 0:00:03")
    assert 'src/app.py", line 3' in report.crashed


async def test_a_process_that_leaves_early_is_no_success(workspace: GitWorkspace, results: Path) -> None:
    workspace.write({"tests/test_a.py": "import os\n\n\ndef test_a(): ...\n\n\ndef test_b():\n    os._exit(0)\n"})
    assert (await _run(workspace, results)).crashed


_EVERYTHING_OFF = {
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n[tool.coverage.run]\nomit = ['*']\n",
    "pytest.ini": "[pytest]\naddopts = --co -k nothing\ntestpaths = elsewhere\n",
    "tox.ini": "[pytest]\naddopts = --co\n",
    ".coveragerc": "[run]\nomit = *\n",
    "setup.cfg": "[coverage:run]\nomit = *\n",
    "pytest.py": "raise SystemExit(0)\n",
    "coverage.py": "raise SystemExit(0)\n",
    "runtime_recorder.py": "raise SystemExit(0)\n",
    "sitecustomize.py": "raise SystemExit(0)\n",
    "evil-1.dist-info/entry_points.txt": "[pytest11]\nevil = evil\n",
    "evil.py": "raise SystemExit(0)\n",
}


async def test_the_workspaces_configuration_does_not_count(workspace: GitWorkspace, results: Path) -> None:
    """Each of these files alone would hide the failure if it counted."""
    tests = "import src.a\n\n\ndef test_a():\n    assert src.a.x == 2\n"
    workspace.write({"src/__init__.py": "", "src/a.py": "x = 1\ny = 2\n", "tests/test_a.py": tests})
    workspace.write(_EVERYTHING_OFF)
    report = await _run(workspace, results)
    assert [case.outcome for case in report.cases] == ["failed"], report
    assert report.line_percent == 100


async def test_where_no_code_lies_below_src_coverage_is_that_of_the_code_that_there_is(
    workspace: GitWorkspace, results: Path
) -> None:
    workspace.write(
        {
            "app/__init__.py": "",
            "app/sums.py": "def add(a, b):\n    if a:\n        return a + b\n    return b\n",
            "app/alembic/versions/1.py": "x = 1\ny = 2\n",
            "tests/test_a.py": "from app.sums import add\n\n\ndef test_a():\n    assert add(1, 2) == 3\n",
        }
    )
    report = await _run(workspace, results)
    assert report.uncovered == {"app/sums.py": (4,)}
    assert report.branch_percent == 50.0


async def test_modules_are_imported_from_the_folder_that_the_environment_names(
    workspace: GitWorkspace, results: Path
) -> None:
    workspace.write(
        {
            "lib/shop/__init__.py": "x = 1\n",
            "lib/json.py": "raise RuntimeError('of the worktree')\n",
            "tests/test_a.py": "import json\nfrom shop import x\n\n\ndef test_a():\n    assert json.dumps(x) == '1'\n",
        }
    )
    report = await _run(workspace, results)
    assert [case.outcome for case in report.cases] == ["passed"]
