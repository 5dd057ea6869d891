"""The limits that no kernel holds: looked at twice a second from outside while a command runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.sandbox.base import Ending, Limits
from tools.sandbox.usage import Usage, on_disk, usage_of_tree


@dataclass(frozen=True, slots=True)
class Reaper:
    """A process outside a command's tree that takes on what the command orphans."""

    pid: int
    before: Usage
    """What it had used up when the command began."""


def watcher(
    folders: Sequence[Path], limits: Limits, *, memory: bool, processes: bool, reaper: Reaper | None = None
) -> Callable[[int], Ending | None]:
    """A function that says which limit a command is beyond, given the process that was started for it.

    `memory`, `processes`: whether these are to be watched, because no kernel holds them.
    """

    def beyond(pid: int) -> Ending | None:
        usage = usage_of_tree(pid) if reaper is None else usage_of_tree(pid, reaper.pid)
        hit = exceeded(usage, reaper.before if reaper else Usage(), limits)
        if hit is None and memory and usage.memory > limits.memory_bytes:
            return "memory"
        if hit is None and processes and usage.processes > limits.processes:
            return "processes"
        return hit or ("disk" if on_disk(folders, usage, limits) > limits.workspace_bytes else None)

    return beyond


def exceeded(usage: Usage, before: Usage, limits: Limits) -> Ending | None:
    """The limit of what only grows that is exceeded, None when there is none."""
    if usage.written - before.written > limits.written_bytes:
        return "written"
    return "cpu" if usage.cpu_seconds - before.cpu_seconds > limits.cpu_seconds else None
