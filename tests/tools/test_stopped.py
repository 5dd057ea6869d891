"""What was ended by Ctrl-C has not failed: whoever asked for it was meant."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from agent.workspace.git import Git
from tools.stopped import heed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_program_that_was_stopped_stops_who_asked(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt):
        heed(-number)


@pytest.mark.parametrize("code", [0, 1, 128, -signal.SIGSEGV, -signal.SIGKILL])
def test_every_other_end_is_an_answer(code: int) -> None:
    heed(code)


def test_git_that_was_stopped_by_the_terminal_has_not_failed(tmp_path: Path) -> None:
    """A terminal sends Ctrl-C to the runtime and to the git that it just asked, at the same moment."""
    with pytest.raises(KeyboardInterrupt):
        Git(tmp_path).run("-c", "alias.stopped=!kill -INT $PPID; sleep 10", "stopped")
