"""`agent run`, `agent resume` and `agent verify`: watch the work, print what came of it, answer with the exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

from agent.cli.printing import print_delivery
from agent.cli.watching import watching
from agent.delivery.model import Delivery
from agent.errors import ExitCode
from agent.orchestrator.options import RunOptions, SandboxChoice, stack_choice
from agent.orchestrator.running import resume_run, run_task
from agent.orchestrator.runs import all_runs
from agent.orchestrator.verifying import verify_directory


def run_command(task: Path, options: RunOptions, *, as_json: bool, events: Path | None) -> NoReturn:
    """Deliver a task."""
    with watching(events) as listen:
        try:
            delivery = run_task(task, options, listen)
        except KeyboardInterrupt:
            _interrupted(next((run.name for run in all_runs()), ""))
    _finish(delivery, as_json=as_json)


def resume_command(name: str, options: RunOptions, *, as_json: bool, events: Path | None) -> NoReturn:
    """Continue a run."""
    with watching(events) as listen:
        try:
            delivery = resume_run(name, options, listen)
        except KeyboardInterrupt:
            _interrupted(name)
    _finish(delivery, as_json=as_json)


def verify_command(
    directory: Path, api: Path, schemas: tuple[Path, ...], stack: str, *, as_json: bool, sandbox: SandboxChoice
) -> NoReturn:
    """Judge a folder."""
    with watching(None) as listen:
        delivery = verify_directory(directory, api, schemas, stack_choice(stack), sandbox, listen)
    _finish(delivery, as_json=as_json)


def _finish(delivery: Delivery, *, as_json: bool) -> NoReturn:
    if as_json:
        sys.stdout.write(delivery.model_dump_json(indent=2) + "\n")
    else:
        print_delivery(delivery)
    sys.stdout.flush()
    sys.exit(delivery.exit_code)


def _interrupted(name: str) -> NoReturn:
    sys.stderr.write(
        f"\nagent: interrupted; continue with: agent resume {name}\n" if name else "\nagent: interrupted\n"
    )
    sys.exit(ExitCode.INTERRUPTED)
