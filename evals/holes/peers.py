"""Other agents, each in an environment of its own, at work on the same tree in the same sandbox as everything else.

They reach the model and an empty database, and nothing besides. What they have left when the time is up is judged.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from agent.checklist.databases import reached
from agent.errors import MissingDependency
from agent.places import cache_folder
from agent.workspace.opening import snapshot_workspace
from agent.workspace.toolchain import base_interpreter, run_uv, toolchain_mounts
from agent.workspace.worktree import GitWorkspace
from evals.holes.contestants import Left, Terms
from evals.holes.metering import SOCKET, Meter, metered, model_name
from evals.holes.starting import Started
from tools.sandbox.base import CommandResult, Limits, Mounts
from tools.scratch import scratch_folder

_INSIDE = "/run/model"
_PORT = "8089"
_RELAY = Path(__file__).with_name("relay.py")
_SAID = 600
"""Characters that are kept of what one printed last."""
_LIMITS = Limits(memory_bytes=4 << 30, scratch_bytes=1 << 30, cpu_seconds=24 * 3600)


@dataclass(frozen=True, slots=True)
class Peer:
    """Another agent."""

    package: str
    """With its exact version."""
    command: Callable[[Path, str, Started], Sequence[str]]
    """Given its environment, the model's name and the hole: how it is run in the tree."""

    def __call__(self, started: Started, terms: Terms, folder: Path) -> Left:
        """As any contestant. Raises MissingDependency where it cannot be installed."""
        model, environment = model_name(terms.model), environment_of(self.package)
        with metered() as meter:
            result = asyncio.run(
                worked(started, terms, folder, meter, environment, self.command(environment, model, started))
            )
        return Left(
            seconds=result.seconds,
            requests=meter.requests,
            input_tokens=meter.input_tokens,
            output_tokens=meter.output_tokens,
            claimed=result.ok,
            said=(f"exit code {result.exit_code}" if result.ending == "exited" else result.ending)
            + f": {result.output.strip()[-_SAID:]}",
        )


def _mini(environment: Path, model: str, started: Started) -> Sequence[str]:
    # Its own settings for models that cannot call tools; those for models that can are no use to a small one.
    return (
        *(f"{environment}/bin/mini", "--yolo", "--exit-immediately", "--cost-limit", "0"),
        *("-c", "mini_textbased.yaml", "--model-class", "litellm_textbased"),
        *("-m", f"anthropic/{model}", "-o", "/tmp/mini.json", "-t", _task(started)),
    )


def _aider(environment: Path, model: str, started: Started) -> Sequence[str]:
    return (
        *(f"{environment}/bin/aider", "--yes-always", "--no-git", "--no-stream", "--no-pretty", "--no-check-update"),
        *("--analytics-disable", "--no-show-model-warnings", "--no-detect-urls", "--no-gitignore"),
        *("--model", f"anthropic/{model}", "--file", started.open.file, "--message", _task(started)),
    )


MINI = Peer("mini-swe-agent==2.4.6", _mini)
AIDER = Peer("aider-chat==0.86.2", _aider)


def _task(started: Started) -> str:
    one = started.open
    return (
        f"Write the function `{one.name}` in `{one.file}`, which answers `{one.operation}`. Its docstring says what it "
        "does; it raises OperationNotImplemented for as long as nobody has written it. Read what you need of the "
        "project (openapi.json is the contract, migrations/ holds the tables) and change whatever the function needs. "
        "`python -m pytest` runs the tests on an empty database."
    )


async def worked(
    started: Started, terms: Terms, folder: Path, meter: Meter, environment: Path, command: Sequence[str]
) -> CommandResult:
    """Let it work until it ends or the time is up; its tree is then in the folder."""
    with scratch_folder("peer") as scratch:
        started.write(scratch / "tree")
        workspace = snapshot_workspace(
            scratch / "tree", toolchain=terms.toolchain, sandbox=terms.sandbox, state=scratch / "state"
        )
        with closing(workspace.sandbox):
            result = await _run(started, terms, workspace, meter, environment, command)
        shutil.copytree(
            workspace.root, folder, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns(".git")
        )
    return result


async def _run(
    started: Started, terms: Terms, workspace: GitWorkspace, meter: Meter, environment: Path, command: Sequence[str]
) -> CommandResult:
    server, stack = started.inputs.server, started.inputs.stack
    database = await asyncio.to_thread(server.create_database)
    inside = workspace.sandbox.bound(meter.folder, _INSIDE)
    try:
        async with reached(stack, workspace, database, server.socket_folder) as access:
            needed = toolchain_mounts(environment).read_only
            return await workspace.run(
                (f"{environment}/bin/python", str(_RELAY), f"{inside}/{SOCKET}", _PORT, *command),
                mounts=Mounts(
                    (*needed, _RELAY, *access.mounts.read_only),
                    {**access.mounts.bound, meter.folder: _INSIDE},
                    access.mounts.writable,
                ),
                environment={**stack.service(workspace, access, "").environment, **_SETTINGS},
                limits=replace(_LIMITS, seconds=terms.minutes * 60),
            )
    finally:
        await asyncio.to_thread(server.drop_database, database)


_SETTINGS = {
    "ANTHROPIC_API_KEY": "none",
    "ANTHROPIC_API_BASE": f"http://127.0.0.1:{_PORT}",
    "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{_PORT}",
    "HOME": "/tmp",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "MSWEA_CONFIGURED": "true",
    "MSWEA_COST_TRACKING": "ignore_errors",
    "MSWEA_GLOBAL_CONFIG_DIR": "/tmp/mini",
    "TERM": "dumb",
}


def environment_of(package: str) -> Path:
    """Its environment, made when it is first asked for. Raises MissingDependency."""
    folder = cache_folder().resolve() / "peers" / package.replace("==", "-")
    ready = folder / ".complete"
    if not ready.exists():
        _uv("venv", "--quiet", "--clear", "--python", base_interpreter(), str(folder))
        _uv("pip", "install", "--quiet", "--link-mode", "copy", "--python", str(folder / "bin" / "python"), package)
        ready.touch()
    return folder


def _uv(*arguments: str) -> None:
    code, _, told = run_uv(*arguments)
    if code != 0:
        raise MissingDependency(
            f"`uv {' '.join(arguments)}` failed, so that this contestant is missing: {told.strip()}"
        )
