"""Seconds from task to verdict, a row a stage, with empty caches and with full ones.

    uv run python -m evals.bench.stages [TASK]

Each run is a process of its own, so that imports count. `AGENT_CACHE_DIR` is empty for the cold run and what that run
left for the warm one; uv's own cache of downloaded packages is not touched.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

_BOOKSHOP = Path(__file__).parents[2] / "examples" / "bookshop" / "task.yaml"
_NAMES = {
    "model": "start, task",
    "contract": "contract",
    "postgres": "PostgreSQL",
    "catalog": "schema",
    "run started": "toolchain",
    "toolchain": "toolchain",
    "toolchain ready": "worktree",
    "workspace opened": "blueprint",
    "blueprint": "blueprint",
    "scaffolded": "checklist",
    "verified": "reports",
}
"""Event or note → the stage that it begins."""


def measured(task: Path, home: Path, cache: Path) -> dict[str, float]:
    """Run a task offline; stage → seconds, in order. `total` is everything, `check NAME` are parts of `checklist`."""
    began = time.monotonic()
    os.environ |= {"AGENT_STATE_DIR": str(home), "AGENT_CACHE_DIR": str(cache)}
    from agent.journal.events import Event, GateSettled
    from agent.orchestrator.options import Note, RunOptions
    from agent.orchestrator.running import run_task

    seconds: dict[str, float] = {}
    gates: dict[str, float] = {}
    stage, since = "start, task", began

    def listen(event: Event | Note) -> None:
        nonlocal stage, since
        now = time.monotonic()
        if isinstance(event, GateSettled):
            gates[f"check {event.check}"] = event.seconds
        name = event.stage if isinstance(event, Note) else event.kind
        if name in _NAMES:
            seconds[stage] = seconds.get(stage, 0.0) + now - since
            stage, since = _NAMES[name], now

    delivery = run_task(task, RunOptions(models=("offline",)), listen)
    seconds[stage] = seconds.get(stage, 0.0) + time.monotonic() - since
    total = time.monotonic() - began
    print(f"{delivery.exit_code}: {delivery.sentence}")
    return {**seconds, **gates, "total": total}


def table(cold: Mapping[str, float], warm: Mapping[str, float]) -> str:
    """The figures as Markdown, in seconds."""
    rows = [f"| {name} | {cold[name]:.1f} | {warm.get(name, 0.0):.1f} |" for name in cold]
    return "\n".join(["| stage | cold, s | warm, s |", "|---|---:|---:|", *rows])


def machine() -> str:
    """What it was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    system = f"{platform.system()} {platform.release()}"
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, {memory} GiB, {system}, Python {platform.python_version()}, load before {load:.1f}"


def main() -> None:
    """Measure cold, then warm, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", type=Path, nargs="?", default=_BOOKSHOP)
    task = parser.parse_args().task
    print(machine())
    with tempfile.TemporaryDirectory(prefix="agent-bench-") as folder:
        home, cache = Path(folder, "state"), Path(folder, "cache")
        fresh = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=fresh, max_tasks_per_child=1) as pool:
            cold, warm = (pool.submit(measured, task, home, cache).result() for _ in range(2))
    print(f"\n{table(cold, warm)}")


if __name__ == "__main__":
    main()
