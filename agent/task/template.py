"""The task file that `agent init` writes."""

from __future__ import annotations

from pathlib import Path


def template() -> str:
    """A commented `task.yaml`; it loads once the two files that it names exist beside it."""
    return Path(__file__).with_name("task.yaml").read_text(encoding="utf-8")
