"""The console that everything is printed on: what others wrote cannot steer the terminal of whoever reads it."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from prompts.marking import visible

_LONGEST = 600
"""Letters of a note."""


class Terminal(Console):
    """A console on which control characters in texts are printed as their escapes; styles are its own."""

    def render_str(self, text: str, **options: Any) -> Text:
        """The text as it will be printed."""
        return super().render_str(visible(text), **{**options, "emoji": False})  # `a:x:` names a model, no sign


def brief(note: str, rest: str) -> str:
    """A note as a terminal shows it: cut after a comma where it names very many places; `rest` says where all are."""
    if len(note) <= _LONGEST:
        return note
    return f"{note[:_LONGEST].rpartition(', ')[0] or note[:_LONGEST]}, … ({rest})"
