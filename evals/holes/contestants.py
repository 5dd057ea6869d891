"""What every contestant is given, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evals.holes.starting import Started
from tools.sandbox.base import SandboxChoice


@dataclass(frozen=True, slots=True)
class Terms:
    """The same for every contestant."""

    model: str
    """As pydantic-ai names it: `anthropic:claude-...`."""
    minutes: float
    """How long the work on one hole may take."""
    toolchain: Path
    """The environment in which services run."""
    sandbox: SandboxChoice = "auto"


@dataclass(frozen=True, slots=True)
class Left:
    """What a contestant left behind, in a folder that holds the whole tree."""

    seconds: float
    """Wall time."""
    requests: int
    """To the model."""
    input_tokens: int
    output_tokens: int
    claimed: bool
    """It says that the function is written."""
    open: tuple[str, ...] = ()
    """Obligations of the operation that its own report says are failed or were never checked; ours alone."""
    said: str = ""
    """How it ended, in its own words."""


Contestant = Callable[[Started, Terms, Path], Left]
"""Fills the hole: leaves the tree in the folder, which is there and empty. Raises AgentError where it cannot begin."""
