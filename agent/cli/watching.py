"""Tells a person what a run is doing: live on a terminal, plain lines elsewhere. Always on standard error."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.status import Status

from agent.journal.events import (
    AssignmentDone,
    AssignmentGiven,
    BudgetReached,
    Event,
    GateSettled,
    ModelAnswered,
    Resumed,
    RunStarted,
    Scaffolded,
    ToolchainReady,
    Verified,
    WorkspaceOpened,
    event_adapter,
)
from agent.orchestrator.options import Listener, Note
from agent.receipts import Outcome


@contextmanager
def watching(events: Path | None) -> Iterator[Listener]:
    """A listener that shows what happens, and appends the events to a file if one is given."""
    console = Console(stderr=True, highlight=False)
    watcher = _Watcher(console)
    log = events.open("ab") if events else None
    try:
        with watcher:

            def listen(event: Event | Note) -> None:
                if log and not isinstance(event, Note):
                    log.write(event_adapter.dump_json(event) + b"\n")
                    log.flush()
                watcher.show(event)

            yield listen
    finally:
        if log:
            log.close()


class _Watcher:
    """One line for each thing that is done; on a terminal a last line for what is being done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._status: Status | None = console.status("starting") if console.is_terminal else None
        self._answers = 0

    def __enter__(self) -> None:
        if self._status:
            self._status.start()

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def show(self, event: Event | Note) -> None:
        """Show one event or note."""
        if isinstance(event, ModelAnswered):
            self._answers += 1
            return self._now(f"the model works: answer {self._answers}, {', '.join(event.tools) or 'text'}")
        line = f"{event.text}" if isinstance(event, Note) else line_of(event)
        if isinstance(event, Note) and event.stage == "gate":
            return self._now(f"gate {event.text}")
        return self._say(line) if line else None

    def _now(self, text: str) -> None:
        if self._status:
            self._status.update(text)

    def _say(self, line: str) -> None:
        self._console.print(f"[dim]{time.monotonic() - self._began:6.1f} s[/dim]  ", end="")
        self._console.print(line, markup=False, soft_wrap=True)


def line_of(event: Event) -> str:
    """One event in one line; empty for those that are not worth one."""
    match event:
        case RunStarted():
            return (
                f"run {event.run}: {event.title}, {event.stack}, {event.operations} operations, {event.tables} tables"
            )
        case Resumed():
            return "resumed"
        case ToolchainReady():
            return f"toolchain ready in {event.seconds:.1f} s"
        case WorkspaceOpened():
            return f"branch {event.branch} in {event.worktree}"
        case Scaffolded():
            return f"blueprint: {event.files} files, {_count(len(event.holes), 'hole')}, {event.seconds:.1f} s"
        case AssignmentGiven():
            return f"developer: {event.assignment.title}"
        case AssignmentDone():
            return f"developer stopped: {event.failure}" if event.failure else f"developer is done with {event.title}"
        case GateSettled():
            return _gate_line(event)
        case Verified():
            counts = event.verdict.count()
            settled = counts[Outcome.MET] + counts[Outcome.FAILED]
            return f"verified: {counts[Outcome.MET]} of {settled} checked obligations met, {event.seconds:.1f} s"
        case BudgetReached():
            return f"the budget is used up: {event.limit}"
        case _:
            return ""


def _gate_line(event: GateSettled) -> str:
    counts = {outcome: sum(receipt.outcome is outcome for receipt in event.receipts) for outcome in Outcome}
    failed = f", {counts[Outcome.FAILED]} failed" if counts[Outcome.FAILED] else ""
    return f"gate {event.gate}: {counts[Outcome.MET]} met{failed}, {event.seconds:.1f} s"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
