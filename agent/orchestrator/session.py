"""One run at work: what it was given, what it is about, and its open journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.journal.events import Event
from agent.journal.recording import Journal
from agent.orchestrator.inputs import Inputs
from agent.orchestrator.options import Listener, Note
from agent.orchestrator.record import RunRecord

if TYPE_CHECKING:
    from pydantic_ai.models import Model


@dataclass(frozen=True, slots=True)
class Session:
    """One run, at work in this process."""

    folder: Path
    record: RunRecord
    inputs: Inputs
    journal: Journal
    listener: Listener
    open_model: Callable[[str], Model] | None = None
    """Opens a model by its name, in place of `agent.developer.models.open_model`."""

    def happened(self, event: Event) -> None:
        """Record an event, then tell whoever watches."""
        self.listener(self.journal.append(event))

    def note(self, text: str, stage: str = "") -> None:
        """Tell whoever watches, and record nothing."""
        self.listener(Note(text, stage))
