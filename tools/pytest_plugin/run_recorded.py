"""Run a workspace's tests, recorded: RESULTS COVERAGE_CONFIG PYTEST_CONFIG ORDER PATIENCE [TEST...].

ORDER is the seed of a random order of all tests, or `-` for the order in which they stand. PATIENCE is in seconds: the
import of the tests may take as long, and each test. Where `changes.json` lies
in RESULTS, tests then run again on the changes that it lists, and lines are watched in place of coverage.

Started with `python -I` in the worktree. Everything of the runtime's is imported before the worktree comes onto the
path, so that no module of the worktree can stand in for it. Writes the record and `coverage.json`; the last line of the
record names pytest's exit code and vouches for the coverage.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from pathlib import Path
from typing import Any

_ASIDE = (
    *("tests/*", "*/tests/*", "test_*.py", "*/test_*.py", "conftest.py", "*/conftest.py", "scripts/*"),
    *("alembic/*", "*/alembic/*", "migrations/*", "*/migrations/*", "*/versions/*"),
)
"""What no service runs, where its code does not lie below `src`: as `agent.checklist.layers` has it."""
_PLUGINS = ("pytest_asyncio.plugin", "anyio.pytest_plugin")


def main(results: Path, coverage_config: str, pytest_config: str, order: str, patience: float, tests: list[str]) -> int:
    """Run the tests; pytest's exit code."""
    sys.path.insert(0, str(Path(__file__).parent))
    pytest: Any = importlib.import_module("pytest")
    coverage: Any = importlib.import_module("coverage")
    records = importlib.import_module("runtime_record")
    write, plan = records.open_record(results), results / records.PLAN
    recorder = importlib.import_module("runtime_recorder").RuntimeRecorder(write, None if order == "-" else order)
    recorder.watch_applications()
    recorder.watch_logging()
    patient = importlib.import_module("runtime_patience").Patience(results / records.HUNG, patience)
    if plan.exists():
        changing = _changing(plan, recorder, write)
        _import_from_here()
        # What a failing assertion compares was told the first time; rewriting the tests for it costs a second.
        code = int(
            pytest.main([*_arguments(pytest_config), "--assert=plain", *tests], plugins=[recorder, patient, *changing])
        )
        write({"kind": "end", "exit_code": code, "coverage": ""})
        return code
    _import_from_here()

    folder = _code_folder()
    where: dict[str, Any] = {} if folder.name == "src" else {"source": [str(folder)], "omit": list(_ASIDE)}
    watched = _concurrency(folder)
    measured = coverage.Coverage(data_file=None, config_file=coverage_config, concurrency=watched, **where)
    measured.start()
    code = int(pytest.main([*_arguments(pytest_config), *tests], plugins=[recorder, patient]))
    measured.stop()
    covered = results / "coverage.json"
    try:
        measured.json_report(outfile=str(covered))
    except coverage.exceptions.NoDataError as error:
        print(f"coverage: {error}", file=sys.stderr)
    digest = hashlib.sha256(covered.read_bytes()).hexdigest() if covered.exists() else ""
    write({"kind": "end", "exit_code": code, "coverage": digest})
    return code


def _import_from_here() -> None:
    """The worktree comes onto the path, and what the environment names beside it, which Python was told to ignore."""
    beside = [str(Path.cwd() / one) for one in os.environ.get("PYTHONPATH", "").split(":") if one]
    sys.path[0:1] = [str(Path.cwd()), *beside]


def _code_folder() -> Path:
    """Where the service's code lies: below `src`, else anywhere."""
    folder = Path.cwd() / "src"
    return folder if any(folder.rglob("*.py")) else Path.cwd()


def _concurrency(folder: Path) -> list[str]:
    """What coverage follows: greenlets, too, where the service may have them, since each call then costs a lookup."""
    sources = (file.read_text(encoding="utf-8", errors="replace") for file in folder.rglob("*.py"))
    return ["thread", "greenlet"] if any("greenlet" in one or "sqlalchemy" in one for one in sources) else ["thread"]


def _changing(plan: Path, recorder: Any, write: Any) -> list[Any]:
    """The plugins that run changes; what is in their way is imported by now."""
    lines = importlib.import_module("runtime_lines").LineWatch(_code_folder())
    alone = importlib.import_module("runtime_alone").LonelinessWatch()
    recorder.noticed = alone.note_application
    swapping = importlib.import_module("runtime_swapping").Swapping
    return [alone, importlib.import_module("runtime_mutants").MutantRunner(plan, lines, alone, swapping, write)]


def _arguments(pytest_config: str) -> list[str]:
    plugins = [word for name in _PLUGINS if _installed(name) for word in ("-p", name)]
    fixed = ["-c", pytest_config, "--rootdir", str(Path.cwd()), "-p", "no:cacheprovider", "--override-ini", "addopts="]
    return [*fixed, *plugins, "-q", "--tb=short", "--color=no"]


def _installed(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], float(sys.argv[5]), sys.argv[6:]))
