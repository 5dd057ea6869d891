"""How much slower the machine is while something is measured than at its best: the same small piece of work, in
processor time, done again and again beside the measurement.

Processor time is no fixed measure: a neighbour on the same physical core, or one that fills the caches, makes the same
work dearer, by up to a factor of two on shared machines. What is measured does so itself, therefore the work is
compared with its best time beside another measurement, not with its time on an idle machine. The best is kept among the
caches; on a machine that was never quiet it is too long, and the slowdown too small.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import fmean

_EVERY = 0.03
"""Seconds between two pieces of work of about a millisecond: three hundredths of what is measured are lost to them."""
_ODD = 0.1
"""Share of the longest pieces that are left out: something else than a slower machine befell them."""
_ROWS = 200
_FILE = "yardstick.json"


async def slowdown_beside[T](folder: Path, measurement: Coroutine[None, None, T]) -> tuple[T, float]:
    """What the measurement gives; and, at least 1.0, how many times its best processor time known work took meanwhile.

    The best time is kept in the folder, for this machine and interpreter.
    """
    samples = [_sample()]
    sampling = asyncio.create_task(_go_on(samples))
    try:
        found = await measurement
    finally:
        sampling.cancel()
    return found, _slowdown(folder, _typical(samples))


async def _go_on(samples: list[float]) -> None:
    while True:
        await asyncio.sleep(_EVERY)
        samples.append(_sample())


def _typical(samples: Sequence[float]) -> float:
    """Their mean, as what is measured is one too: a neighbour that comes and goes makes some of them twice as long."""
    return fmean(sorted(samples)[: max(1, round(len(samples) * (1 - _ODD)))])


def _slowdown(folder: Path, now: float) -> float:
    known = _known(folder / _FILE)
    best = known.get(_machine())
    if best is None or now < best:
        _keep(folder / _FILE, {**known, _machine(): now})
        return 1.0
    return now / best


def _sample() -> float:
    """Seconds of processor time: allocation, text, hashing, sorting, as in a service."""
    began = time.thread_time()
    _work()
    return time.thread_time() - began


def _work() -> int:
    rows = [{"id": one, "name": f"name {one}", "tags": [str(tag) for tag in range(5)]} for one in range(_ROWS)]
    read = json.loads(json.dumps(rows))
    named = {row["name"]: row for row in read}
    return sum(len(named[name]["tags"]) for name in sorted(named))


def _machine() -> str:
    return f"beside load, mean: {platform.node()} {platform.machine()} {os.cpu_count()} {sys.version}"


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
