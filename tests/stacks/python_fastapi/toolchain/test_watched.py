"""What holds the main thread of a watched module is written down, and what the machine does to it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agent.checklist.observing.exports import stalls_in

WATCHED = Path(__file__).parents[4] / "agent" / "stacks" / "python_fastapi" / "toolchain" / "watched.py"
BLOCKS = """\
import time

def block():
    time.sleep(0.2)

block()
time.sleep(0.02)
"""
STARTS_A_THREAD = """\
import threading
import time

class Late(threading.Thread):
    def _bootstrap(self):
        time.sleep(0.2)  # as on a machine that has no processor for it
        super()._bootstrap()

Late(target=time.monotonic).start()
sum(range(1_000_000))
"""


def stalls(folder: Path, code: str) -> list[str]:
    (folder / "watched_code.py").write_text(code)
    notes = folder / "notes"
    notes.mkdir()
    subprocess.run([sys.executable, WATCHED, notes, "watched_code"], cwd=folder, check=True)
    return [one.place for one in stalls_in(notes)[0]] if (notes / "stalls.jsonl").exists() else []


def test_a_call_that_blocks_is_noted_with_its_line(tmp_path: Path) -> None:
    assert stalls(tmp_path, BLOCKS) == ["watched_code.py:4 block"]


def test_a_thread_that_the_machine_is_slow_to_start_is_not(tmp_path: Path) -> None:
    assert stalls(tmp_path, STARTS_A_THREAD) == []
