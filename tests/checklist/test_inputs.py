"""The digest of what a check's result depends on: it changes with every input, and with nothing else."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.checklist.case import Case, Owing
from agent.checklist.check import Check
from agent.checklist.checklist import CHECKS
from agent.checklist.effort import Effort
from agent.checklist.inputs import files_of, key_of, runtime
from tests.checklist.conftest import CaseOf

LINT = next(one for one in CHECKS if one.name == "lint")


def key(case: Case, check: Check = LINT) -> str:
    return key_of(check, case, Owing.of(case), files_of(case.workspace.root))


def test_the_same_inputs_give_the_same_key(case_of: CaseOf) -> None:
    assert key(case_of({})) == key(case_of({}))


def test_each_check_has_a_key_of_its_own(good: Case) -> None:
    assert len({key(good, one) for one in CHECKS}) == len(CHECKS)


def _content(root: Path) -> None:
    (root / "src/main.py").write_text((root / "src/main.py").read_text() + "\n")


def _mode(root: Path) -> None:
    (root / "src/main.py").chmod(0o755)


def _name(root: Path) -> None:
    (root / "src/main.py").rename(root / "src/other.py")


def _ignored(root: Path) -> None:
    (root / ".gitignore").write_text("hidden.py\n")
    # From here on only the ignored file differs, which git does not tell about.
    (root / "src/hidden.py").write_text("a = 1\n")


def _compiled(root: Path) -> None:
    (root / "src/__pycache__").mkdir()
    (root / "src/__pycache__/main.cpython-312.pyc").write_bytes(b"")


def _link(root: Path) -> None:
    (root / "src/linked.py").symlink_to("main.py")


@pytest.mark.parametrize("change", [_content, _mode, _name, _ignored, _compiled, _link])
def test_a_change_of_the_worktree_gives_another_key(case_of: CaseOf, change: Callable[[Path], None]) -> None:
    case = case_of({})
    before = key(case)
    change(case.workspace.root)
    assert key(case) != before


def test_the_content_of_an_ignored_file_counts(case_of: CaseOf) -> None:
    case = case_of({".gitignore": "hidden.py\n"})
    (case.workspace.root / "src/hidden.py").write_text("a = 1\n")
    before = key(case)
    (case.workspace.root / "src/hidden.py").write_text("a = 2\n")
    assert key(case) != before


def test_contract_and_schema_count(good: Case) -> None:
    document = {**good.contract.document, "info": {"title": "Other", "version": "2"}}
    catalog = dataclasses.replace(good.catalog, fingerprint="other")
    contract = dataclasses.replace(good.contract, document=document)
    keys = {key(good), key(dataclasses.replace(good, catalog=catalog))}
    assert key(dataclasses.replace(good, contract=contract)) not in keys
    assert len(keys) == 2


def test_less_effort_is_another_input(good: Case) -> None:
    assert key(dataclasses.replace(good, effort=Effort(fuzz_seconds=1))) != key(good)


def test_the_environment_that_leads_to_other_servers_counts(good: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key(good)
    monkeypatch.setenv("AGENT_REDIS_URL", "redis://elsewhere")
    assert key(good) != before


def test_a_check_that_does_not_read_a_file_does_not_mind_its_change(case_of: CaseOf) -> None:
    case, check = case_of({}), dataclasses.replace(LINT, reads=lambda path: path.endswith(".py"))
    before = key(case, check)
    (case.workspace.root / "NOTES.md").write_text("a change\n")
    assert key(case, check) == before


def test_what_is_no_file_cannot_be_digested(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="pipe is no file"):
        files_of(tmp_path)


def test_the_runtime_is_part_of_it() -> None:
    assert len(runtime()) == 64
