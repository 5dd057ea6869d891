"""Writes and reads the journal: one JSON object a line, on the disk before the next thing happens."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from agent.errors import InputError
from agent.journal.events import Event, event_adapter
from tools.redaction.models import redacted

FILE_NAME = "journal.jsonl"


class Journal:
    """The journal of one run. Append-only; a line that a crash cut short is dropped when it is opened again."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._events = list(read_events(folder))
        self._cut_torn_line()
        self._file = self.path.open("ab")

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that has happened so far."""
        return tuple(self._events)

    def append(self, event: Event) -> Event:
        """Record an event, without secrets; when this returns it survives a crash of the process and of the machine."""
        stamped = redacted(event).model_copy(update={"at": datetime.now(UTC)})
        self._file.write(event_adapter.dump_json(stamped, exclude_defaults=False) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._events.append(stamped)
        return stamped

    def close(self) -> None:
        """Close the file. Nothing is lost without it."""
        self._file.close()

    def _cut_torn_line(self) -> None:
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self.path, whole)


def read_events(folder: Path) -> Iterator[Event]:
    """The events of a run's folder, in order; a last line without its end is left out.

    Raises InputError when a whole line is not an event: the journal was edited, or comes from another version.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return
    lines = path.read_bytes().split(b"\n")[:-1]
    for number, line in enumerate(lines, start=1):
        try:
            yield event_adapter.validate_json(line)
        except ValueError as error:
            raise InputError(
                f"{path}:{number}: not an event of this version's journal; start a new run ({_first(error)})"
            ) from error


@contextmanager
def exclusively(folder: Path) -> Iterator[None]:
    """Hold a run for this process. Raises InputError when another process has it."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"run {folder.name} is being worked on by another process; wait for it to end") from error
        yield


def _first(error: ValueError) -> str:
    return next(iter(str(error).splitlines()), "unreadable")
