"""One check of the checklist: what it settles, what of the backend it looks at, and what it costs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from agent.checklist.booted import Bench
from agent.checklist.case import Case, Found, Owing
from agent.rulebook.model import Gate

Boots = Literal["no service", "the shared service", "a service of its own"]


class Turn(IntEnum):
    """When a check runs; a closed set. Those of one turn are done before the next one begins."""

    BESIDE = 0
    """Beside others, the longest first."""
    AFTER = 1
    """After those that ask, because it judges what they were answered."""
    ALONE = 2
    """With the machine to itself, because it measures."""


_TURNS = {
    Turn.BESIDE: "beside others",
    Turn.AFTER: "after those whose answers it judges",
    Turn.ALONE: "alone, because it measures",
}


def everything(_: str) -> bool:
    """Looks at every file of the worktree: what boots the service or imports its code."""
    return True


@dataclass(frozen=True, slots=True)
class Check:
    """Settles some rules of one gate. Several checks may share a gate; a rule has one check."""

    name: str
    """Different from those of all others: `types`, `health`."""
    gate: Gate
    rules: Mapping[str, str]
    """Rule id → how it is settled, in words."""
    settle: Callable[[Case, Owing, Bench], Awaitable[Found]]
    seconds: float
    """Its cost: about what it takes alone for the bookshop on two quiet cores. The dearest begin first."""
    boots: Boots = "no service"
    reads: Callable[[str], bool] = everything
    """Whether a file of the worktree, by its path, can make a difference to what it finds. In doubt: everything."""
    turn: Turn = Turn.BESIDE

    @property
    def described(self) -> Mapping[str, str]:
        """Name, cost and inputs in words."""
        return {
            "check": f"{self.name}: `agent verify --only {self.name}` asks it alone",
            "costs": f"about {self.seconds:g} s alone, for the bookshop on two quiet cores; runs {_TURNS[self.turn]}",
            "boots": self.boots,
            "looks at": "every file of the worktree" if self.reads is everything else "some files of the worktree",
        }
