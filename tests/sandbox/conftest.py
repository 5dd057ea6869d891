from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tools.sandbox.base import Sandbox, SandboxKind
from tools.sandbox.bubblewrap import Bubblewrap
from tools.sandbox.choosing import open_sandbox, probe_docker


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    return make_worktree(tmp_path / "worktree")


@pytest.fixture(params=["bubblewrap", "docker", "none"])
def any_sandbox(request: pytest.FixtureRequest, worktree: Path) -> Iterator[Sandbox]:
    """A sandbox of each kind; without a Docker engine, that one is skipped."""
    with closing(open_place(request.param, worktree)) as place:
        yield place


@pytest.fixture(params=["bubblewrap", "docker"])
def confined(request: pytest.FixtureRequest, worktree: Path) -> Iterator[Sandbox]:
    """A sandbox of each kind that protects; without a Docker engine, that one is skipped."""
    with closing(open_place(request.param, worktree)) as place:
        yield place


def open_place(kind: SandboxKind, worktree: Path) -> Sandbox:
    """A sandbox of that kind. Skips the test where it is Docker's and no engine answers."""
    problem = probe_docker() if kind == "docker" else None
    if problem:
        pytest.skip(f"no engine: {problem}")
    return open_sandbox(kind, worktree)


@pytest.fixture
def sandbox(worktree: Path) -> Bubblewrap:
    return Bubblewrap(worktree)


def make_worktree(folder: Path) -> Path:
    """A git repository with hooks, as a run has one."""
    subprocess.run(["git", "init", "-q", str(folder)], check=True, env={"PATH": os.environ["PATH"], "HOME": "/"})
    (folder / ".git" / "hooks").mkdir(exist_ok=True)
    return folder


def processes_with(word: str) -> list[str]:
    """Command lines on the host that hold a word."""
    lines = []
    for folder in Path("/proc").iterdir():
        try:
            lines.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return [line for line in lines if word in line and "pytest" not in line]


def gone(word: str) -> bool:
    """True once no process holds the word; waits for that a little."""
    deadline = time.monotonic() + 60
    while processes_with(word) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not processes_with(word)
