"""What a sandbox adds to a command, in milliseconds and beside a bare process; how soon a workspace is ready.

    uv run python -m evals.bench.sandbox

Every kind that works here runs `true` in turn with the others, so that all of them see the same machine. Quote the
differences to the bare process. The docker rows need an engine and its image (`agent sandbox build`).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

from agent.places import cache_folder
from agent.stacks.registry import stack_named
from agent.workspace.opening import create_workspace
from agent.workspace.toolchain import build_toolchain
from tools.sandbox.base import Sandbox, SandboxKind
from tools.sandbox.choosing import open_sandbox, probe_bubblewrap, probe_docker

Work = Callable[[], Awaitable[None]]


async def measured(works: Mapping[str, Work], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each work, each done once a round; the first round does not count."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            began = time.perf_counter()
            await work()
            if number:
                found[name].append((time.perf_counter() - began) * 1000)
    return found


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    load = os.getloadavg()[0]
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        works: dict[str, Work] = {"bare process": _bare}
        for kind in _kinds():
            worktree = folder / kind
            worktree.mkdir()
            works[f"{kind}, a command"] = _command(opened.enter_context(closing(open_sandbox(kind, worktree))))
        works["workspace ready, warm"] = _workspace(folder)
        found = asyncio.run(measured(works, rounds))
    print(f"{os.cpu_count()} cores, {platform.release()}, load average before it began {load:.1f}, {rounds} rounds\n")
    print("| ms | median | p95 | above a bare process |\n|---|---:|---:|---:|")
    bare = statistics.median(found["bare process"])
    for name, times in found.items():
        median, late = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        print(f"| {name} | {median:.1f} | {late:.1f} | {median - bare:.1f} |")


def _kinds() -> list[SandboxKind]:
    found: list[SandboxKind] = ["none"]
    found += [] if probe_bubblewrap() else ["bubblewrap"]
    return found + ([] if probe_docker() else ["docker"])


async def _bare() -> None:
    process = await asyncio.create_subprocess_exec("true", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    await process.communicate()


def _command(sandbox: Sandbox) -> Work:
    async def work() -> None:
        result = await sandbox.run(["true"])
        assert result.ok, result

    return work


def _workspace(folder: Path) -> Work:
    """A worktree of its own with the toolchain that is there already, and a first command of it."""
    made = iter(range(1 << 30))
    lock = stack_named("python-fastapi").toolchain_lock()
    build_toolchain(lock, cache_folder())

    async def work() -> None:
        number = next(made)
        workspace = create_workspace(
            folder=folder / f"out-{number}",
            repository=None,
            base=None,
            slug="bench",
            toolchain=build_toolchain(lock, cache_folder()),
            sandbox="auto",
            state=folder / f"state-{number}",
        )
        result = await workspace.run(["python", "-c", "import fastapi"])
        assert result.ok, result

    return work


if __name__ == "__main__":
    main()
