"""Does a recorded run again: the model's answers come from the journal, tools and checks are real."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import InputError
from agent.journal.events import (
    AssignmentDone,
    AssignmentGiven,
    BudgetReached,
    Event,
    ModelAnswered,
    RunStarted,
    WorkspaceOpened,
)
from agent.journal.recording import Journal, read_events
from agent.orchestrator.comparing import Replay, compared
from agent.orchestrator.driver import Driver
from agent.orchestrator.inputs import reading
from agent.orchestrator.opening import open_workspace
from agent.orchestrator.options import Listener, discreet, silent
from agent.orchestrator.record import RunRecord, recall
from agent.orchestrator.runs import find_run
from agent.orchestrator.session import Session
from agent.orchestrator.stopping import stoppable
from agent.workspace.git import Git
from tools.redaction.room import room
from tools.scratch import scratch_folder

if TYPE_CHECKING:
    from pydantic_ai.models import Model


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the model answered in one assignment."""

    answers: tuple[ModelAnswered, ...]
    limited: bool
    """A limit of the budget ended it."""


def replay_run(name: str, listener: Listener = silent) -> Replay:
    """Do a run again, from its own copies of contract and schema, in a folder that is gone afterwards.

    No model is asked, and no key is needed. What the record says about time, money and interruptions is not repeated.
    Raises RunNotFound, InputError for a record that cannot be done again, and MissingDependency.
    """
    room.know_environment(os.environ)
    listener = discreet(listener)
    folder = find_run(name)
    record, api, schema = recall(folder)
    events = tuple(read_events(folder))
    _require_repeatable(folder, record, events)
    again = record.model_copy(update={"folder": None, "max_usd": None, "max_minutes": None})
    with (
        stoppable(),
        scratch_folder("replay") as scratch,
        reading(api, [schema], record.stack, listener) as inputs,
    ):
        session = Session(scratch, again, inputs, Journal(scratch), listener, Answers(conversations(events)))
        session.happened(next(event for event in events if isinstance(event, RunStarted)))
        workspace = open_workspace(session)
        with closing(workspace.sandbox), closing(session.journal):
            asyncio.run(Driver(session, workspace).run())
            there = _repository(events)
            return compared(
                name,
                events,
                session.journal.events,
                lambda tree: _files(there, tree),
                lambda tree: _files(workspace.git, tree),
            )


@dataclass(slots=True)
class Answers:
    """Opens a model that answers as the record has it: for each assignment the next conversation."""

    left: list[Conversation]

    def __call__(self, name: str) -> Model:
        """The model for the next assignment; beyond the record, one that is at the limit of its budget."""
        from agent.developer.recorded import recorded_model

        now = self.left.pop(0) if self.left else Conversation((), limited=True)
        return recorded_model(name, now.answers, limited=now.limited)


def conversations(events: Sequence[Event]) -> list[Conversation]:
    """The model's answers by assignment; what a kill cut off was put back, and is left out. Pure."""
    found: list[Conversation] = []
    answers: list[ModelAnswered] = []
    for at, event in enumerate(events):
        match event:
            case AssignmentGiven():
                answers = []
            case ModelAnswered():
                answers.append(event)
            case AssignmentDone():
                limited = any(isinstance(one, BudgetReached) for one in events[at + 1 : at + 2])
                found.append(Conversation(tuple(answers), limited))
    return found


def _require_repeatable(folder: Path, record: RunRecord, events: Sequence[Event]) -> None:
    if record.repository is not None:
        raise InputError(
            f"{folder.name}: worked in {record.repository}, which has moved on; only runs that began with "
            "an empty folder can be replayed"
        )
    if not any(isinstance(event, RunStarted) for event in events):
        raise InputError(f"{folder.name}: nothing is recorded that could be replayed")
    if any(isinstance(event, ModelAnswered) and event.tools and not event.parts for event in events):
        raise InputError(f"{folder.name}: its journal does not hold the model's answers; it is of another version")


def _repository(events: Sequence[Event]) -> Git | None:
    """The worktree of the recorded run, where it is still there."""
    opened = next((Path(event.worktree) for event in events if isinstance(event, WorkspaceOpened)), None)
    return Git(opened) if opened and opened.is_dir() else None


def _files(git: Git | None, tree: str) -> Mapping[str, str]:
    listed = git.attempt("ls-tree", "-r", "-z", tree) if git and tree else None
    entries = (line.partition("\t") for line in (listed or "").split("\0") if line)
    return {path: about.split()[2] for about, _, path in entries}
