"""Processes of this machine, as the kernel tells of them."""

from __future__ import annotations

import time
from pathlib import Path


def living(pids: set[int]) -> set[int]:
    """Those that still run; one that is only waiting to be reaped does not."""
    return {pid for pid, (_, state) in _processes().items() if pid in pids and state != "Z"}


def _processes() -> dict[int, tuple[int, str]]:
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, *_ = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(status.parent.name)] = (int(parent), state)
    return found


def descendants(pid: int) -> set[int]:
    """All processes below it."""
    parents = {child: parent for child, (parent, _) in _processes().items()}
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in {pid, *found}} - found:
        found |= more
    return found


def wait_until_dead(pids: set[int]) -> None:
    """At most fifteen seconds."""
    deadline = time.monotonic() + 60
    while (left := living(pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left
