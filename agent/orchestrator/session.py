"""One run at work: what it was given, what it is about, and its open journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from opentelemetry.trace import get_current_span

from agent.journal.events import Event, GateSettled
from agent.journal.recording import Journal
from agent.orchestrator.inputs import Inputs
from agent.orchestrator.options import Listener, Note
from agent.orchestrator.record import RunRecord
from agent.orchestrator.spans import attributes_of, moment_of
from tools.telemetry.traces import Traces

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

    traces: Traces = field(default_factory=Traces)
    """Where the spans of the run go."""

    def happened(self, event: Event) -> None:
        """Record an event, then tell whoever watches."""
        recorded = self.journal.append(event)
        self._traced(recorded)
        self.listener(recorded)

    def note(self, text: str, stage: str = "") -> None:
        """Tell whoever watches, and record nothing."""
        self.listener(Note(text, stage))

    def _traced(self, event: Event) -> None:
        """Gates settle side by side, so each has a span of its own, made when it is over."""
        attributes, moment = attributes_of(event), moment_of(event)
        if isinstance(event, GateSettled):
            end = time.time_ns()
            self.traces.passed(f"gate {event.gate}", attributes, end - int(event.seconds * 1e9), end)
            return
        get_current_span().set_attributes(attributes)
        if moment:
            get_current_span().add_event(*moment)
