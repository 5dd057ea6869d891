"""What is remembered of checks: what held, under the key of its inputs, and nothing that others could write."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from agent.checklist.memory import DAYS, Memory, open_memory
from agent.checklist.touching import Ran
from agent.receipts import Measures, Outcome, Receipt
from agent.rulebook.model import Gate

MET = Receipt(rule="R", subject="files", gate=Gate.LINT, outcome=Outcome.MET, found="nothing found", tree="t")
FAILED = MET.model_copy(update={"outcome": Outcome.FAILED})
MEASURES = Measures(suppressions=3)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return opened(tmp_path / "memory")


def opened(folder: Path) -> Memory:
    memory = open_memory(folder, "bubblewrap")
    assert memory is not None
    return memory


def test_what_held_is_remembered_and_says_since_when(memory: Memory) -> None:
    memory.keep("a", (MET,), MEASURES)
    kept = opened(memory.folder).recall("a")
    assert kept is not None
    assert kept.measures == MEASURES
    (receipt,) = kept.receipts
    assert receipt.remembered.startswith("20")
    assert receipt.model_copy(update={"remembered": ""}) == MET


def test_other_inputs_are_not_known(memory: Memory) -> None:
    memory.keep("a", (MET,), MEASURES)
    assert memory.recall("b") is None


def test_what_failed_is_asked_again(memory: Memory) -> None:
    memory.keep("a", (MET, FAILED), MEASURES)
    assert memory.recall("a") is None


def test_an_entry_under_another_name_is_not_believed(memory: Memory) -> None:
    memory.keep("a", (MET,), MEASURES)
    (memory.folder / "a.json").rename(memory.folder / "b.json")
    assert memory.recall("b") is None


@pytest.mark.parametrize("place", [0, 70, -3], ids=["seal", "body", "end"])
def test_an_entry_that_was_changed_is_not_believed(memory: Memory, place: int) -> None:
    memory.keep("a", (MET,), MEASURES)
    entry = memory.folder / "a.json"
    content = bytearray(entry.read_bytes())
    content[place] ^= 1
    entry.write_bytes(bytes(content))
    assert memory.recall("a") is None


def test_an_entry_that_was_cut_off_is_not_believed(memory: Memory) -> None:
    memory.keep("a", (MET,), MEASURES)
    entry = memory.folder / "a.json"
    entry.write_bytes(entry.read_bytes()[:-5])
    assert memory.recall("a") is None


def test_entries_of_another_key_are_not_believed(memory: Memory) -> None:
    memory.keep("a", (MET,), MEASURES)
    (memory.folder / "key").unlink()
    assert opened(memory.folder).recall("a") is None


def test_an_old_entry_is_not_believed_and_goes(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.keep("a", (MET,), MEASURES)
    later = time.time() + DAYS * 86_400 + 60
    with monkeypatch.context() as clock:
        clock.setattr(time, "time", lambda: later)
        assert memory.recall("a") is None
        opened(memory.folder)
    assert [one.name for one in memory.folder.iterdir()] == ["key"]


def test_an_entry_from_the_future_is_not_believed(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time() + 3600
    with monkeypatch.context() as clock:
        clock.setattr(time, "time", lambda: later)
        memory.keep("a", (MET,), MEASURES)
    assert memory.recall("a") is None


def test_a_damaged_key_makes_nothing_known_and_is_made_anew(memory: Memory) -> None:
    memory.keep("a", (MET,), MEASURES)
    (memory.folder / "key").write_bytes(b"short")
    assert open_memory(memory.folder, "bubblewrap") is None
    assert opened(memory.folder).recall("a") is None


def test_without_a_sandbox_nothing_is_remembered(tmp_path: Path) -> None:
    assert open_memory(tmp_path / "memory", "none") is None


def test_a_folder_that_others_may_write_into_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "memory"
    folder.mkdir(mode=0o700)
    folder.chmod(0o770)
    assert open_memory(folder, "bubblewrap") is None


def test_a_link_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "memory").symlink_to(tmp_path / "elsewhere")
    assert open_memory(tmp_path / "memory", "bubblewrap") is None


def test_nobody_else_can_read_the_key(memory: Memory) -> None:
    assert (memory.folder / "key").stat().st_mode & 0o777 == 0o600
    assert memory.folder.stat().st_mode & 0o777 == 0o700
    assert memory.folder.stat().st_uid == os.geteuid()


def test_what_tests_ran_is_kept_until_the_next_time(memory: Memory) -> None:
    before, after = (Ran(shapes={}, tests={name: {"src/a.py": (1, 5)}}, broken=(name,)) for name in ("t1", "t2"))
    memory.keep_ran("a", before)
    assert opened(memory.folder).recall_ran("a") == before
    memory.keep_ran("a", after)
    assert memory.recall_ran("a") == after
    assert memory.recall_ran("b") is None
    assert memory.recall("a") is None


def test_what_tests_ran_is_not_believed_once_it_was_changed(memory: Memory) -> None:
    memory.keep_ran("a", Ran(shapes={}, tests={"t1": {}}))
    entry = memory.folder / "ran-a.json"
    entry.write_bytes(entry.read_bytes().replace(b"t1", b"t2"))
    assert memory.recall_ran("a") is None
