"""`agent run`, `agent resume` and `agent verify`: watch the work, print what came of it, answer with the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from agent.checklist.effort import Effort
from agent.cli.printing import print_delivery
from agent.cli.watching import watching
from agent.delivery.model import Delivery
from agent.delivery.reports import write_reports
from agent.orchestrator.options import Listener, RunOptions, stack_choice
from agent.orchestrator.running import resume_run, run_task
from agent.orchestrator.runs import new_verification, run_folder
from agent.orchestrator.stopping import RunInterrupted
from agent.orchestrator.verifying import verify_directory
from agent.task.model import slug
from tools.sandbox.base import SandboxChoice


def run_command(task: Path, options: RunOptions, *, as_json: bool, events: Path | None) -> NoReturn:
    """Deliver a task."""
    _watched(lambda listen: run_task(task, options, listen), events, as_json=as_json)


def resume_command(name: str, options: RunOptions, *, as_json: bool, events: Path | None) -> NoReturn:
    """Continue a run."""
    _watched(lambda listen: resume_run(name, options, listen), events, as_json=as_json)


def verify_command(
    directory: Path,
    api: Path,
    schemas: tuple[Path, ...],
    stack: str,
    *,
    start: str | None,
    settings: tuple[str, ...],
    as_json: bool,
    sandbox: SandboxChoice,
    trusted: bool,
    reports: Path | None,
    effort: Effort,
    strict: bool,
    fresh: bool,
    only: tuple[str, ...],
    quick: bool,
) -> NoReturn:
    """Judge a folder."""
    chosen = stack_choice(stack)

    def written(delivery: Delivery) -> Path:
        return write_reports(reports or new_verification(slug(directory.resolve().name)), delivery).folder

    _watched(
        lambda listen: verify_directory(
            directory,
            api,
            schemas,
            chosen,
            sandbox,
            listen,
            start=start,
            settings=settings,
            trusted=trusted,
            effort=effort,
            strict=strict,
            fresh=fresh,
            only=only,
            quick=quick,
        ),
        None,
        as_json=as_json,
        reports=written,
    )


def _recorded(delivery: Delivery) -> Path | None:
    return run_folder(delivery.run)


def _watched(
    work: Callable[[Listener], Delivery],
    events: Path | None,
    *,
    as_json: bool,
    reports: Callable[[Delivery], Path | None] = _recorded,
) -> NoReturn:
    interrupted = ""
    with watching(events) as listen:
        try:
            delivery = work(listen)
        except RunInterrupted as stop:
            delivery, interrupted = stop.delivery, str(stop)
    folder = reports(delivery)
    if as_json:
        sys.stdout.write(delivery.model_dump_json(indent=2) + "\n")
    elif not interrupted:
        print_delivery(delivery, folder)
    sys.stdout.flush()
    if interrupted:
        sys.stderr.write(f"agent: {interrupted}\n")
    sys.exit(delivery.exit_code)
