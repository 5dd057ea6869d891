"""What a killed process left in the temporary folder goes with the next one; what is in use stays."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tools.owners import Owner, read_owner, this_process
from tools.scratch import scratch_folder, sweep

_KILLED = """
import os, signal
from tools.scratch import scratch_folder
with scratch_folder("test") as folder:
    (folder / "left").mkdir()
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_a_folder_that_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # anybody sweeps the usual one at any time
    monkeypatch.setattr(tempfile, "tempdir", None)
    killed = subprocess.run([sys.executable, "-c", _KILLED], capture_output=True, text=True, check=False)
    folder = Path(killed.stdout.strip())
    assert folder.parent == tmp_path
    assert folder.is_dir(), killed.stderr
    assert folder in sweep()
    assert not folder.exists()
    with scratch_folder("test") as own:
        assert own not in sweep()
        assert own.is_dir()
    assert not own.exists()


@pytest.mark.parametrize("name", ["agent-test-notes", "agent-test-1-2", "agent-"])
def test_what_is_not_known_to_be_ours_stays(name: str) -> None:
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        assert Path(folder) not in sweep()


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    dead = Owner(this_process().namespace, this_process().pid, 1)
    (tmp_path / "kept").mkdir()
    link = Path(tempfile.gettempdir(), f"agent-test-{dead}-x")
    link.symlink_to(tmp_path)
    try:
        assert link not in sweep()
    finally:
        link.unlink()
    assert (tmp_path / "kept").is_dir()


def test_an_owner_is_dead_when_its_number_is_another_process() -> None:
    own = this_process()
    assert read_owner(str(own)) == own
    assert not own.dead
    assert Owner(own.namespace, own.pid, own.started + 1).dead
    assert not Owner(own.namespace + 1, own.pid, own.started + 1).dead, "another namespace cannot be seen from here"
    assert read_owner("4-5") is None
