"""How much slower the machine is now than at its best: the same small piece of work, in processor time.

Processor time is no fixed measure: a neighbour on the same physical core, or one that fills the caches, makes the same
work dearer, by up to a factor of two on shared machines. The best time that was ever seen on a machine is kept among
the caches; on a machine that was never quiet it is too long, and the slowdown too small.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from contextlib import suppress
from pathlib import Path

_ROUNDS = 4
_ROWS = 400
_FILE = "yardstick.json"


def slowdown(folder: Path) -> float:
    """At least 1.0: how many times its best processor time a piece of work of some milliseconds takes now.

    The best time is kept in the folder, for this machine and interpreter.
    """
    now = _sample()
    known = _known(folder / _FILE)
    best = known.get(_machine())
    if best is None or now < best:
        _keep(folder / _FILE, {**known, _machine(): now})
        return 1.0
    return now / best


def _sample() -> float:
    """Seconds of processor time: allocation, text, hashing, sorting, as in a service."""
    began = time.thread_time()
    for _ in range(_ROUNDS):
        _work()
    return time.thread_time() - began


def _work() -> int:
    rows = [{"id": one, "name": f"name {one}", "tags": [str(tag) for tag in range(5)]} for one in range(_ROWS)]
    read = json.loads(json.dumps(rows))
    named = {row["name"]: row for row in read}
    return sum(len(named[name]["tags"]) for name in sorted(named))


def _machine() -> str:
    return f"{platform.node()} {platform.machine()} {os.cpu_count()} {sys.version}"


def _known(file: Path) -> dict[str, float]:
    """Machine → best time; nothing where the file is absent or is not ours."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: best for name, best in found.items() if isinstance(best, float) and best > 0}


def _keep(file: Path, known: dict[str, float]) -> None:
    """Put in place as a whole; a folder that cannot be written to keeps nothing."""
    unfinished = file.with_name(f"{_FILE}.{os.getpid()}")
    with suppress(OSError):
        unfinished.write_text(json.dumps(known), encoding="utf-8")
        unfinished.replace(file)
