"""The console that everything is printed on: what others wrote cannot steer the terminal of whoever reads it."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from prompts.marking import visible


class Terminal(Console):
    """A console on which control characters in texts are printed as their escapes; styles are its own."""

    def render_str(self, text: str, **options: Any) -> Text:
        """The text as it will be printed."""
        return super().render_str(visible(text), **options)
