"""What a person pastes to see a failure again."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from agent.checklist.case import Case, Found
from agent.checklist.checklist import settle
from agent.checklist.mutants.judging import changed_by
from agent.checklist.mutants.model import Mutant
from agent.checklist.pasting import asked_again, pasteable, shown, starting
from agent.receipts import Outcome, Receipt
from agent.rulebook.model import Gate


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        ("src/core/config.py:12: a service makes its own pool", "sed -n 12p src/core/config.py"),
        ("src/a;b.py:3: odd", "sed -n 3p 'src/a;b.py'"),
        ("tests/test_a.py::test_b: asserts nothing that could fail", "python -m pytest tests/test_a.py::test_b"),
        ("src/badName.py: rename it to snake_case", "ls -l src/badName.py"),
        ("something is missing", "otherwise"),
    ],
)
def test_the_place_is_shown_that_the_first_problem_begins_with(problem: str, line: str) -> None:
    assert shown([problem, "src/main.py:1: more"], "otherwise") == line


def test_a_failure_without_a_command_is_seen_again_by_asking_its_check() -> None:
    failed, own, met = (
        Receipt(rule="NAM-FUNC", subject="files", gate=Gate.LINT, outcome=outcome, reproduce=line)
        for outcome, line in ((Outcome.FAILED, ""), (Outcome.FAILED, "ruff check ."), (Outcome.MET, ""))
    )
    told = [one.reproduce for one in pasteable(Found((failed, own, met)), "lint").receipts]
    assert told == ['agent verify . --api "$API" --schema "$SCHEMA" --only lint', "ruff check .", ""]
    assert "--only" not in asked_again()


def test_what_was_left_open_is_asked_again_unless_it_asks_nothing_of_the_service() -> None:
    busy, nothing = (
        Receipt(rule="PRF-RPS", subject="service", gate=Gate.PERFORMANCE, outcome=Outcome.UNCHECKED, found=found)
        for found in ("the machine is too busy to tell", "not applicable: no bound was missed")
    )
    told = [one.reproduce for one in pasteable(Found((busy, nothing)), "performance").receipts]
    assert told == ['agent verify . --api "$API" --schema "$SCHEMA" --only performance', ""]


async def test_what_was_not_asked_says_what_settles_it(good: Case) -> None:
    verdict = await settle(good, only={"layout"})
    told = {one.rule: (one.found, one.reproduce) for one in verdict.receipts if one.outcome is Outcome.UNCHECKED}
    assert told["API-STATUS"] == ("not asked: it is settled by the check errors", asked_again("errors"))
    assert told["OUT-CODE"] == ("not asked: it follows from all checks together", asked_again())
    assert told["COL-RESEARCH"] == ("no check settles this rule: it takes a person", "agent rules COL-RESEARCH")
    assert all(found and line for found, line in told.values())


def test_how_a_service_is_started_can_be_told(good: Case) -> None:
    command = shlex.split(starting(good))
    assert command[command.index("--uds") + 1] == "$SOCKET"


def test_a_change_that_no_test_notices_is_made_and_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "src/price of.py"
    file.parent.mkdir()
    text = "def dear(price: int) -> bool:\n    return price > 10  # 10 €\n"
    file.write_text(text)
    at = text.encode().index(b">", 40)
    mutant = Mutant("src/price of.py", "dear", 2, 2, at, at + 1, ">=", ">", ">=", edge=True)
    line = changed_by(mutant).replace("python -m pytest", "cp 'src/price of.py' seen")
    for before in ("git init -q", "git add .", line):
        subprocess.run(before, shell=True, check=True, cwd=tmp_path)
    assert "return price >= 10  # 10 €" in (tmp_path / "seen").read_text()
    assert file.read_text() == text
