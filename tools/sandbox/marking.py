"""Processes that are found by a mark in their environment, wherever they have gone in the tree."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from tools.sandbox.running import kill_group

MARK = "AGENT_COMMAND_ID"
"""The environment variable that holds it."""
_LOOKS = 60
_PAUSE = 0.005
"""Seconds between two looks."""
_STARTED = 19
"""Where the time of a process's start stands behind its name in `/proc/*/stat`; its state is the first."""

type _Seen = Literal["marked", "unsure", "another"]


def ticks() -> int:
    """The time as the kernel notes the starts of processes: clock ticks since the machine's own."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))


def kill_tree(pid: int, mark: str, since: int) -> None:
    """Kill the process group that a process leads, and by their mark those who have left it; see `kill_marked`."""
    kill_group(pid)
    kill_marked(mark, since)


def kill_marked(mark: str, since: int) -> None:
    """Kill every process with this mark. `since`: `ticks()` before the first of them was started.

    Looks again until there is nobody new: one look misses who was forked meanwhile by somebody who is gone since, and
    who just begins another program, for such a process shows no environment. Waits at most a third of a second.
    """
    wanted, passed = f"{MARK}={mark}".encode(), set[str]()
    for _ in range(_LOOKS):
        seen = {name: _seen(Path("/proc", name), wanted, since) for name in _processes() - passed}
        if not seen:
            return
        for name in _those(seen, "marked"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(name), signal.SIGKILL)
        passed |= _those(seen, "another")
        if not seen.keys() <= passed:
            time.sleep(_PAUSE)


def _processes() -> set[str]:
    return {name for name in os.listdir("/proc") if name.isdigit()}  # noqa: PTH208 - names are all that is wanted


def _those(seen: Mapping[str, _Seen], what: _Seen) -> set[str]:
    return {name for name, one in seen.items() if one == what}


def _seen(process: Path, wanted: bytes, since: int) -> _Seen:
    try:
        environment = (process / "environ").read_bytes()
        if environment:
            return "marked" if wanted in environment.split(b"\0") else "another"
        told = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return "another"  # gone, or another user's
    return "unsure" if told[0] not in "ZX" and int(told[_STARTED]) >= since else "another"
