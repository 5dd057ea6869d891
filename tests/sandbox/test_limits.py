"""The limit that a command hits is named, in every kind of sandbox."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.sandbox.base import Limits, Sandbox
from tools.sandbox.endings import size

_MEGABYTE = 1 << 20
_PYTHON = "/usr/bin/python3"
_REWRITE = """
import os, time
with open("file", "wb") as file:
    for _ in range(100):
        file.seek(0)
        file.write(bytes(2 << 20))
        file.flush()
        os.fsync(file.fileno())
time.sleep(5)
"""
_BUSY_CHILDREN = """
import os, time
until = time.monotonic() + 20
for _ in range(3):
    if os.fork() == 0:
        while time.monotonic() < until: pass
        os._exit(0)
time.sleep(20)
"""


_ONE_COMMAND = """
import asyncio, sys
from contextlib import closing
from pathlib import Path
from tools.sandbox.choosing import open_sandbox
with closing(open_sandbox(sys.argv[1], Path(sys.argv[2]))) as place:
    print(asyncio.run(place.run(("sh", "-c", "ulimit -Hn; ulimit -Hc; ulimit -Hl"))).output, end="")
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A command that passes one limit, and how that limit is named."""

    command: tuple[str, ...]
    limits: Limits
    named: str
    ending: str


CASES = {
    "time": Case(("sleep", "60"), Limits(seconds=0.5), "killed: time limit 0.5 s", "timeout"),
    "processor time": Case(
        (_PYTHON, "-c", "while True: pass"), Limits(seconds=30, cpu_seconds=1), "killed: CPU time limit 1 s", "cpu"
    ),
    "processor time of children": Case(
        (_PYTHON, "-c", _BUSY_CHILDREN), Limits(seconds=30, cpu_seconds=2), "killed: CPU time limit 2 s", "cpu"
    ),
    "file size": Case(
        ("sh", "-c", "head -c 9000000 /dev/zero > big"),
        Limits(file_bytes=4 * _MEGABYTE),
        "killed: file size limit 4 MiB",
        "file_size",
    ),
    "files in the workspace": Case(
        ("sh", "-c", "for n in 1 2 3 4 5 6; do head -c 5000000 /dev/zero > f$n; done; sleep 30"),
        Limits(workspace_bytes=20 * _MEGABYTE),
        "killed: disk limit 20 MiB in the workspace",
        "disk",
    ),
    "written and deleted again": Case(
        (_PYTHON, "-c", _REWRITE),
        Limits(written_bytes=40 * _MEGABYTE),
        "killed: write limit 40 MiB",
        "written",
    ),
    "open files": Case(
        (_PYTHON, "-c", "held = [open('/dev/null') for _ in range(200)]"),
        Limits(open_files=64),
        "refused: open files limit 64",
        "exited",
    ),
    "output": Case(
        ("sh", "-c", "yes"),
        Limits(output_bytes=1000, flood_bytes=_MEGABYTE),
        "killed: output limit 1 MiB",
        "output",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_a_limit_is_named(any_sandbox: Sandbox, case: Case) -> None:
    result = await any_sandbox.run(case.command, limits=case.limits)
    assert (result.ending, result.limit) == (case.ending, case.named), result
    assert not result.ok
    assert result.output.endswith(case.named)


async def test_memory_is_named(any_sandbox: Sandbox) -> None:
    hog = "held = []\nfor _ in range(60): held.append(bytearray(10 << 20))"
    result = await any_sandbox.run([_PYTHON, "-c", hog], limits=Limits(memory_bytes=128 * _MEGABYTE))
    assert result.limit in ("killed: memory limit 128 MiB", "refused: memory limit 128 MiB"), result


async def test_a_full_scratch_folder_is_named(confined: Sandbox) -> None:
    fill = "head -c 9000000 /dev/zero > /tmp/full"
    result = await confined.run(["sh", "-c", fill], limits=Limits(scratch_bytes=2 * _MEGABYTE))
    assert result.limit == "refused: /tmp limit 2 MiB", result


async def test_a_good_end_names_no_limit(any_sandbox: Sandbox) -> None:
    result = await any_sandbox.run(["sh", "-c", "echo Too many open files"])
    assert (result.ok, result.limit) == (True, "")


async def test_what_one_command_used_up_is_not_counted_for_the_next(any_sandbox: Sandbox) -> None:
    limits = Limits(cpu_seconds=2)
    burn = "import time\nuntil = time.process_time() + .8\nwhile time.process_time() < until: pass"
    for _ in range(4):
        result = await any_sandbox.run([_PYTHON, "-c", burn], limits=limits)
        assert result.ok, result


async def test_nothing_of_a_command_is_there_for_the_next(confined: Sandbox) -> None:
    left = "echo x > /tmp/file; mkdir -m 0 /tmp/closed; echo y > /dev/shm/file; setsid sleep 4567.25 >/dev/null 2>&1 &"
    assert (await confined.run(["sh", "-c", left])).ok
    seen = await confined.run(["sh", "-c", "ls -A /tmp /dev/shm; cat /proc/[0-9]*/cmdline | grep -c 4567.2[5]"])
    assert "file" not in seen.stdout
    assert "closed" not in seen.stdout
    assert seen.stdout.endswith("0\n")


@pytest.mark.parametrize("kind", ["bubblewrap", "none"])
def test_where_the_machine_allows_less_commands_get_that_much(kind: str, worktree: Path) -> None:
    """Many machines let nobody dump core, and let few open thousands of files."""
    less = ["prlimit", "--nofile=512", "--core=0", "--memlock=16384", "--"]
    done = subprocess.run(
        [*less, sys.executable, "-c", _ONE_COMMAND, kind, str(worktree)], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("512\n0\n16", "")


@given(st.integers(min_value=0, max_value=1 << 50))
def test_a_size_is_short_and_has_a_unit(count: int) -> None:
    number, unit = size(count).split()
    assert unit in ("B", "KiB", "MiB", "GiB")
    assert len(number) <= 7 or unit == "GiB"
