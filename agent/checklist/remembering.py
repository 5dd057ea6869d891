"""Which checks need not run, because they held on the very same inputs before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.checklist.case import Case, GateFinished, Owing
from agent.checklist.check import Check, Turn
from agent.checklist.inputs import files_of, key_of, service_key
from agent.checklist.memory import Memory
from agent.checklist.touching import Ran


@dataclass(frozen=True, slots=True)
class Remembering:
    """The memory as far as one verification is concerned."""

    case: Case
    memory: Memory | None
    """None: nothing is remembered, and nothing kept."""
    files: Mapping[str, str]
    """The worktree as it was when the verification began."""
    keys: Mapping[str, str]
    """Check → the digest of its inputs; what measures is left out, because it is measured anew each time."""
    recalled: tuple[GateFinished, ...]
    """What is known already."""

    @classmethod
    def of(cls, memory: Memory | None, case: Case, owing: Owing, checks: Sequence[Check]) -> Remembering:
        """What the memory knows of these checks; nothing where the worktree holds what cannot be read."""
        if memory is None:
            return cls(case, None, {}, {}, ())
        try:
            files = files_of(case.workspace.root)
        except OSError:
            return cls(case, None, {}, {}, ())
        keys = {one.name: key_of(one, case, owing, files) for one in checks if one.turn is not Turn.ALONE}
        known = ((one, memory.recall(keys[one.name])) for one in checks if one.name in keys)
        recalled = tuple(
            GateFinished(one.name, one.gate, kept.receipts, kept.measures, 0.0) for one, kept in known if kept
        )
        return cls(case, memory, files, keys, recalled)

    def keep(self, finished: Sequence[GateFinished]) -> None:
        """Keep what was found now, unless the worktree has changed meanwhile."""
        if self.memory is None or not self._unchanged():
            return
        for one in finished:
            if one.check in self.keys:
                self.memory.keep(self.keys[one.check], one.receipts, one.measures)

    def keep_ran(self, ran: Ran | None) -> None:
        """Keep what the tests ran, for quick answers after an edit."""
        if self.memory is not None and ran is not None and self._unchanged():
            self.memory.keep_ran(service_key(self.case), ran)

    def _unchanged(self) -> bool:
        try:
            return files_of(self.case.workspace.root) == self.files
        except OSError:
            return False
