"""The task file that `agent init` writes."""

from __future__ import annotations

from importlib.resources import files


def template() -> str:
    """A commented `task.yaml`; it loads once the two files that it names exist beside it."""
    return files("agent.task").joinpath("task.yaml").read_text(encoding="utf-8")
