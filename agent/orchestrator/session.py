"""Everything that one run works with, from its inputs to its open journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agent.binding.model import Binding
from agent.catalog.model import Catalog
from agent.contract.model import Contract
from agent.journal.events import Event
from agent.journal.recording import Journal
from agent.orchestrator.options import Listener, Note
from agent.orchestrator.record import RunRecord
from agent.rulebook.model import Rulebook
from agent.stacks.base import Stack
from tools.postgres.server import PostgresServer


@dataclass(slots=True)
class Session:
    """One run, at work in this process."""

    folder: Path
    record: RunRecord
    contract: Contract
    catalog: Catalog
    binding: Binding
    rulebook: Rulebook
    stack: Stack
    server: PostgresServer
    journal: Journal
    listener: Listener
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds that each stage took in this process."""

    def happened(self, event: Event) -> None:
        """Record an event, then tell whoever watches."""
        self.listener(self.journal.append(event))

    def note(self, text: str, stage: str = "") -> None:
        """Tell whoever watches, and record nothing."""
        self.listener(Note(text, stage))
