"""Which process something belongs to, so that what a killed one left behind can be told from what is in use."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_TEXT = re.compile(r"(\d+)-(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class Owner:
    """One process of this machine, told apart from later ones with its number."""

    namespace: int
    """The process namespace in which the number counts."""
    pid: int
    started: int
    """When it started, in clock ticks since the machine did."""

    def __str__(self) -> str:
        return f"{self.namespace}-{self.pid}-{self.started}"

    @property
    def dead(self) -> bool:
        """True when it is known to have ended; False for processes of other namespaces, which cannot be seen."""
        return self.namespace == _namespace() and _started(self.pid) != self.started


def this_process() -> Owner:
    """The process that asks."""
    return Owner(_namespace(), os.getpid(), _started(os.getpid()) or 0)


def read_owner(text: str) -> Owner | None:
    """The owner that `str(owner)` wrote, None when it is none."""
    found = _TEXT.fullmatch(text)
    return Owner(int(found[1]), int(found[2]), int(found[3])) if found else None


def _namespace() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino


def _started(pid: int) -> int | None:
    try:
        return int(Path("/proc", str(pid), "stat").read_text(errors="replace").rpartition(")")[2].split()[19])
    except OSError:
        return None
