"""Backends that cannot be judged: each ends in receipts that say what was tried and seen, with nothing left running."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.checklist.checklist import settle
from agent.receipts import Outcome
from tests.checklist.conftest import GOOD, CaseOf

_SETTINGS = "src/core/config.py"
_STRANGER = "    jwt_secret: SecretStr\n"
_WITHOUT_MIGRATIONS = {path.relative_to(GOOD).as_posix(): None for path in (GOOD / "migrations").rglob("*.py")}
_FILLING = """import sys
from pathlib import Path

_folder = Path(sys.argv[sys.argv.index("--uds") + 1]).parent
for number in range(1_000):
    (_folder / f"{number}.bin").write_bytes(bytes(100 << 20))
"""
_MAIN = (GOOD / "src/main.py").read_text()
_UNKNOWN = (GOOD / _SETTINGS).read_text().replace(_STRANGER, f"{_STRANGER}    payment_key: SecretStr\n")


@pytest.mark.parametrize(
    ("changes", "check", "rule", "told"),
    [
        (
            {"src/main.py": "app = 1\nwhile True:\n    print('more' * 9_999)\n"},
            "errors",
            "API-STATUS",
            "output limit",
        ),
        ({"src/main.py": "def broken(:\n"}, "errors", "API-STATUS", "invalid syntax"),
        ({"src/main.py": f"import psycopg\n{_MAIN}"}, "errors", "API-STATUS", "psycopg is neither in the worktree nor"),
        (
            {_SETTINGS: _UNKNOWN},
            "errors",
            "API-STATUS",
            "--setting NAME=VALUE, or [service.settings] in agent.toml):\nConfiguration error: PAYMENT_KEY",
        ),
        (_WITHOUT_MIGRATIONS, "database", "MIG-ROLLBACK", ""),
        ({"openapi.json": None}, "contract", "CON-DEFINED", "no OpenAPI document"),
        ({"openapi.json": "{"}, "contract", "CON-DEFINED", "OpenAPI document"),
    ],
    ids=[
        "prints without end",
        "does not parse",
        "needs an unknown package",
        "needs an unknown setting",
        "no migrations",
        "no contract",
        "broken contract",
    ],
)
async def test_it_is_said(changes: Mapping[str, str | None], check: str, rule: str, told: str, case_of: CaseOf) -> None:
    verdict = await settle(case_of(changes), only={check})
    found = [one for one in verdict.receipts if one.rule == rule]
    assert found
    assert {one.outcome for one in found} == {Outcome.FAILED}
    assert all(one.found and told in one.found for one in found), found[0].found
    assert all(one.reproduce for one in verdict.failed)


async def test_what_it_started_is_gone(case_of: CaseOf) -> None:
    seconds = f"{random.randint(50_000, 90_000)}.25"
    start = f'import subprocess\n\nfor _ in range(20):\n    subprocess.Popen(["sleep", "{seconds}"])\n\n'
    verdict = await settle(case_of({"src/main.py": start + _MAIN}), only={"errors"})
    assert not [one for one in verdict.failed if one.rule == "API-STATUS"]
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if seconds in _read(path)]


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("import time\n\ntime.sleep(10_000)\n", "did not listen within"),
        (_FILLING, "disk limit"),
    ],
    ids=["hangs", "fills the disk"],
)
async def test_what_never_starts_is_told_in_time(
    start: str, told: str, case_of: CaseOf, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("--every-defect"):
        pytest.skip("waits for half a minute: --every-defect")
    case = case_of({"src/main.py": start + _MAIN})
    before, began = set(Path(tempfile.gettempdir()).iterdir()), time.monotonic()
    verdict = await settle(case, only={"errors", "repeating"})
    assert time.monotonic() - began < 60
    for rule in ("API-STATUS", "API-IDEM"):
        found = [one for one in verdict.receipts if one.rule == rule]
        assert all(one.outcome is Outcome.FAILED and told in one.found and "uvicorn" in one.reproduce for one in found)
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if "/run/service/service.sock" in _read(path)]
    assert not [path for path in set(Path(tempfile.gettempdir()).iterdir()) - before if "agent-service" in path.name]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
