"""Nothing that a command tries leaves the sandbox or takes the machine down, as root and as a user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.sandbox.conftest import make_worktree
from tests.sandbox.escapes import Bait, Escape, attempt, escapes
from tools.sandbox.base import Limits
from tools.sandbox.bubblewrap import Bubblewrap
from tools.sandbox.control_groups import create_control_group

_USER = 64321
_PROJECT = Path(__file__).parents[2]


def _escape(bait: Bait, name: str) -> Escape:
    return next(escape for escape in escapes(bait) if escape.name == name)


def _names(*, counted: bool) -> list[str]:
    return [one.name for one in escapes(Bait(Path("/x"), 1, "x")) if counted or not one.counted]


def _counted() -> bool:
    group = create_control_group(Limits())
    if group is not None:
        group.remove()
    return group is not None


@pytest.mark.parametrize("name", _names(counted=_counted()))
async def test_an_attempt_is_refused(sandbox: Bubblewrap, bait: Bait, name: str) -> None:
    escape = _escape(bait, name)
    result = await attempt(sandbox, escape)
    assert escape.refused(result), result


@pytest.fixture(scope="session")
def tried_as_user(bait: Bait) -> dict[str, tuple[bool, str]]:
    """All attempts by a process without rights, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="sandbox-user-"))
    folder.chmod(0o711)
    worktree = make_worktree(folder / "worktree")
    for path in (worktree, *worktree.rglob("*")):
        os.chown(path, _USER, _USER)
    command = [sys.executable, "-m", "tests.sandbox.as_user", worktree, bait.file, bait.port, bait.abstract, _USER]
    done = subprocess.run([str(word) for word in command], cwd=_PROJECT, capture_output=True, text=True, check=False)
    shutil.rmtree(folder)
    assert done.returncode == 0, done.stderr
    found: dict[str, tuple[bool, str]] = json.loads(done.stdout)
    return found


if os.geteuid() == 0:  # without root, the test above already runs as a user

    @pytest.mark.parametrize("name", _names(counted=False))
    def test_an_attempt_by_a_user_is_refused(tried_as_user: dict[str, tuple[bool, str]], name: str) -> None:
        refused, happened = tried_as_user[name]
        assert refused, happened
