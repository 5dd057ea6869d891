from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.escapes import SECRET, Bait
from tools.sandbox.bubblewrap import Bubblewrap


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    return make_worktree(tmp_path / "worktree")


@pytest.fixture
def sandbox(worktree: Path) -> Bubblewrap:
    return Bubblewrap(worktree)


@pytest.fixture(scope="session")
def bait() -> Iterator[Bait]:
    """A secret file in a folder open to all, a listening port, an abstract socket, and a secret in the environment."""
    folder = Path(tempfile.mkdtemp(prefix="bait-"))
    folder.chmod(0o777)
    file = folder / "secret.txt"
    file.write_text(SECRET)
    file.chmod(0o666)
    abstract = f"bait-{os.getpid()}"
    os.environ["BAIT_TOKEN"] = SECRET
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket(socket.AF_UNIX) as local:
        local.bind("\0" + abstract)
        local.listen()
        yield Bait(file, listening.getsockname()[1], abstract)
    del os.environ["BAIT_TOKEN"]
    shutil.rmtree(folder)


def make_worktree(folder: Path) -> Path:
    """A git repository with hooks, as a run has one."""
    subprocess.run(["git", "init", "-q", str(folder)], check=True, env={"PATH": os.environ["PATH"], "HOME": "/"})
    (folder / ".git" / "hooks").mkdir(exist_ok=True)
    return folder
