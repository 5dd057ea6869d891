"""Tells a person what a run is doing: live on a terminal, plain lines elsewhere. Always on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.text import Text

from agent.cli.terminal import Terminal
from agent.errors import InputError
from agent.journal.events import (
    AssignmentDone,
    AssignmentGiven,
    BudgetReached,
    Escalated,
    Event,
    GateSettled,
    ModelAnswered,
    ModelRefused,
    PackageAdded,
    PackageRefused,
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
from prompts.marking import visible


@contextmanager
def watching(events: Path | None) -> Iterator[Listener]:
    """A listener that shows what happens, and appends the events to a file if one is given.

    Raises InputError when that file cannot be written; where nothing happens, none is left behind.
    """
    watcher = _Watcher(Terminal(stderr=True, highlight=False))
    with _event_log(events) as record, watcher:

        def listen(event: Event | Note) -> None:
            if not isinstance(event, Note):
                record(event)
            watcher.show(event)

        yield listen


@contextmanager
def _event_log(path: Path | None) -> Iterator[Callable[[Event], None]]:
    if path is None:
        yield lambda _: None
        return
    new = not path.exists()
    try:
        log = path.open("ab")
    except OSError as error:
        raise InputError(f"--events {path}: cannot be written: {error.strerror}") from error
    try:
        yield lambda event: _append(log, event)
    finally:
        unused = new and log.tell() == 0
        log.close()
        if unused:
            path.unlink()


def _append(log: BinaryIO, event: Event) -> None:
    log.write(event_adapter.dump_json(event) + b"\n")
    log.flush()


class _Watcher:
    """One line for each thing that is done; on a terminal a last line for what is being done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._status: Status | None = console.status("starting") if console.is_terminal else None
        self._answers = 0
        self._gates: list[str] = []

    def __enter__(self) -> None:
        if self._status:
            self._status.start()

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def show(self, event: Event | Note) -> None:
        """Show one event or note."""
        match event:
            case Note(text, "gate"):
                self._gates.append(text)
                self._now(f"checking: {', '.join(self._gates)}")
            case Note(text):
                self._say(text)
                self._now(text)
            case ModelAnswered():
                self._answers += 1
                self._now(f"the model works: answer {self._answers}, {', '.join(event.tools) or 'text'}")
            case _:
                self._say(line_of(event))
                if isinstance(event, GateSettled) and event.check in self._gates:
                    self._gates.remove(event.check)
                    self._now(f"checking: {', '.join(self._gates)}" if self._gates else "checking")

    def _now(self, text: str) -> None:
        if self._status:
            self._status.update(escape(visible(text)))

    def _say(self, line: str) -> None:
        if line:
            passed = Text(f"{time.monotonic() - self._began:6.1f} s  ", style="dim")
            self._console.print(passed.append(visible(line), style="not dim"), soft_wrap=True)


def line_of(event: Event) -> str:
    """One event in one line; empty for those that are not worth one."""
    match event:
        case RunStarted():
            size = f"{_count(event.operations, 'operation')}, {_count(event.tables, 'table')}"
            return f"run {event.run}: {event.title}, {event.stack}, {size}"
        case Resumed():
            return "resumed"
        case ToolchainReady() | WorkspaceOpened():
            return _place_line(event)
        case Scaffolded():
            return f"blueprint: {event.files} files, {_count(len(event.holes), 'hole')}, {event.seconds:.1f} s"
        case AssignmentGiven():
            return f"developer: {event.assignment.title}"
        case AssignmentDone():
            return _done_line(event)
        case PackageAdded() | PackageRefused():
            return _package_line(event)
        case GateSettled():
            return _gate_line(event)
        case Verified():
            counts = event.verdict.count()
            settled = counts[Outcome.MET] + counts[Outcome.FAILED]
            return f"verified: {counts[Outcome.MET]} of {settled} checked obligations met, {event.seconds:.1f} s"
        case Escalated() | ModelRefused():
            return _model_line(event)
        case BudgetReached():
            return f"the budget is used up: {event.limit}"
        case _:
            return ""


def _model_line(event: Escalated | ModelRefused) -> str:
    match event:
        case Escalated():
            return f"{event.model} goes on: {event.why}"
        case ModelRefused():
            return f"the model's provider answered: {event.reason}"


def _place_line(event: ToolchainReady | WorkspaceOpened) -> str:
    if isinstance(event, ToolchainReady):
        return f"toolchain ready in {event.seconds:.1f} s"
    return f"branch {event.branch} in {event.worktree}"


def _done_line(event: AssignmentDone) -> str:
    return f"developer stopped: {event.failure}" if event.failure else f"developer is done with {event.title}"


def _package_line(event: PackageAdded | PackageRefused) -> str:
    if isinstance(event, PackageAdded):
        return f"package added: {event.requirement}"
    return f"package refused: {event.reason}"


def _gate_line(event: GateSettled) -> str:
    counts = {outcome: sum(receipt.outcome is outcome for receipt in event.receipts) for outcome in Outcome}
    failed = f", {counts[Outcome.FAILED]} failed" if counts[Outcome.FAILED] else ""
    return f"gate {_check_name(event)}: {counts[Outcome.MET]} met{failed}, {_time(event)}"


def _time(event: GateSettled) -> str:
    remembered = event.receipts and all(one.remembered for one in event.receipts)
    return "remembered" if remembered else f"{event.seconds:.1f} s"


def _check_name(event: GateSettled) -> str:
    """`limits`, or where a gate has several checks, `limits (rate limits)`."""
    return event.gate if event.check in ("", event.gate) else f"{event.gate} ({event.check})"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
