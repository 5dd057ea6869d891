"""Which limit ended a command, and how it is named: `killed: memory limit 1 GiB`."""

from __future__ import annotations

import signal
from collections.abc import Mapping

from tools.sandbox.base import Ending, Limits

_BY_SIGNAL: Mapping[int, Ending] = {signal.SIGXCPU: "cpu", signal.SIGXFSZ: "file_size"}


def ending_of(exit_code: int, counted: Ending | None = None) -> Ending:
    """How a command ended that no watcher killed.

    `exit_code`: negative or above 128 for a signal. `counted`: the limit of a control group that it hit.
    """
    if exit_code == 0:
        return "exited"
    if counted is not None:
        return counted
    number = -exit_code if exit_code < 0 else exit_code - 128
    if number in _BY_SIGNAL:
        return _BY_SIGNAL[number]
    return "signalled" if 0 < number < signal.NSIG else "exited"


def limit_in_words(ending: Ending, limits: Limits, exit_code: int, output: str) -> str:
    """The limit that was hit; empty when none was.

    Where the kernel only refuses (a fork, an open, a write), the command fails by itself, and the limit is told from
    the kernel's words in its output. Those can be made up, so nothing else follows from them.
    """
    if ending in ("exited", "signalled"):
        return _refused(limits, output) if exit_code else ""
    killed: Mapping[Ending, str] = {
        "timeout": f"time limit {limits.seconds:g} s",
        "cpu": f"CPU time limit {limits.cpu_seconds} s",
        "memory": f"memory limit {size(limits.memory_bytes)}",
        "disk": f"disk limit {size(limits.workspace_bytes)} in the workspace",
        "written": f"write limit {size(limits.written_bytes)}",
        "output": f"output limit {size(limits.flood_bytes)}",
        "file_size": f"file size limit {size(limits.file_bytes)}",
        "processes": f"process limit {limits.processes}",
    }
    return f"killed: {killed[ending]}"


def _refused(limits: Limits, output: str) -> str:
    refusals: Mapping[str, str] = {
        "Too many open files": f"open files limit {limits.open_files}",
        "File too large": f"file size limit {size(limits.file_bytes)}",
        "No space left on device": f"/tmp limit {size(limits.scratch_bytes)}",
        "can't start new thread": f"process limit {limits.processes}",
        "Resource temporarily unavailable": f"process limit {limits.processes}",
        "Cannot allocate memory": f"memory limit {size(limits.memory_bytes)}",
        "MemoryError": f"memory limit {size(limits.memory_bytes)}",
    }
    return next((f"refused: {limit}" for words, limit in refusals.items() if words in output), "")


def size(count: int) -> str:
    """A number of bytes as people say it: `1 GiB`, `1.5 MiB`, `512 B`."""
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count >= 1 << shift:
            return f"{count / (1 << shift):.4g} {unit}"
    return f"{count} B"
