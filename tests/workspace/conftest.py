from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.workspace.opening import create_workspace
from agent.workspace.worktree import GitWorkspace
from tests.workspace.toolchains import real_toolchain

Git = Callable[..., str]


@pytest.fixture(scope="session")
def toolchain() -> Path:
    return real_toolchain()


@pytest.fixture
def git() -> Git:
    """The user's own git, as the user calls it."""

    def run(folder: Path, *arguments: str) -> str:
        names = {
            f"GIT_{who}_{what}": "user@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **names}
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def repository(tmp_path: Path, git: Git) -> Path:
    """A user's repository with one commit on main."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "README.md").write_text("theirs\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Begin")
    return folder


@pytest.fixture
def workspace(tmp_path: Path, toolchain: Path) -> GitWorkspace:
    """A fresh workspace in a new folder."""
    return create_workspace(
        folder=tmp_path / "out",
        repository=None,
        base=None,
        slug="books",
        toolchain=toolchain,
        sandbox="auto",
        state=tmp_path / "state",
    )
