"""Where attempts are carried out: in every sandbox there is, as root and as an ordinary user."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from tests.sandbox.conftest import make_worktree, open_place
from tests.sandbox.escapes.attempt import Attempt, carry_out
from tests.sandbox.escapes.bait import Bait
from tools.sandbox.base import CommandResult, Sandbox, SandboxKind
from tools.sandbox.bubblewrap import Bubblewrap

ORDINARY_USER = 64321
_PROJECT = Path(__file__).parents[3]


class Place(Protocol):
    """Carries attempts out."""

    kind: SandboxKind

    def carry_out(self, attempt: Attempt) -> CommandResult:
        """What came of it."""
        ...


class Here:
    """A sandbox of this process, as its own user."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.kind = sandbox.kind
        self._sandbox = sandbox

    def carry_out(self, attempt: Attempt) -> CommandResult:
        """What came of it."""
        return asyncio.run(carry_out(self._sandbox, attempt))


class AsUser:
    """Bubblewrap, used by a process that is not root."""

    kind: SandboxKind = "bubblewrap"

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def carry_out(self, attempt: Attempt) -> CommandResult:
        """What came of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(attempt.name, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, "the process that carries attempts out has ended"
        return CommandResult(**json.loads(answer))


@contextmanager
def bubblewrap() -> Iterator[Place]:
    """Bubblewrap, as the user that runs the tests."""
    with _worktree() as worktree:
        yield Here(Bubblewrap(worktree))


@contextmanager
def docker() -> Iterator[Place]:
    """Docker, as the user that runs the tests; skips where no engine answers."""
    with _worktree() as worktree, closing(open_place("docker", worktree)) as sandbox:
        yield Here(sandbox)


@contextmanager
def bubblewrap_as_user(bait: Bait) -> Iterator[Place]:
    """Bubblewrap, as an ordinary user; only root can become one."""
    with _worktree() as worktree:
        for path in (worktree, *worktree.rglob("*")):
            os.chown(path, ORDINARY_USER, ORDINARY_USER)
        words = ["-m", "tests.sandbox.escapes.as_user", str(worktree), str(ORDINARY_USER), json.dumps(bait.as_dict())]
        process = subprocess.Popen(
            [sys.executable, *words], cwd=_PROJECT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        with process:
            yield AsUser(process)
            assert process.stdin is not None
            process.stdin.close()


@contextmanager
def _worktree() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sandbox-escapes-"))
    folder.chmod(0o711)
    try:
        yield make_worktree(folder / "worktree")
    finally:
        shutil.rmtree(folder)
