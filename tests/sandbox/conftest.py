from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tools.sandbox.bubblewrap import Bubblewrap


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    return make_worktree(tmp_path / "worktree")


@pytest.fixture
def sandbox(worktree: Path) -> Bubblewrap:
    return Bubblewrap(worktree)


def make_worktree(folder: Path) -> Path:
    """A git repository with hooks, as a run has one."""
    subprocess.run(["git", "init", "-q", str(folder)], check=True, env={"PATH": os.environ["PATH"], "HOME": "/"})
    (folder / ".git" / "hooks").mkdir(exist_ok=True)
    return folder
