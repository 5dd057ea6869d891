"""What a model, a test or a repository wrote does not steer the terminal on which it is printed."""

from __future__ import annotations

import io
import re

import pytest
from rich.table import Table

from agent.cli.terminal import Terminal

CLEAR, TITLE, COPY, UP = "\x1b[2J", "\x1b]0;owned\x07", "\x1b]52;c;ZXZpbA==\x07", "\x1b[1A\x1b[2K"


def printed(text: str, *, terminal: bool) -> str:
    """What arrives at a terminal, or in a file, when the text is printed plainly and in a table."""
    file = io.StringIO()
    console = Terminal(file=file, highlight=False, width=120, force_terminal=terminal, color_system="standard")
    console.print(text, style="red", markup=False, soft_wrap=True)
    table = Table()
    table.add_column("name")
    table.add_row(text)
    console.print(table)
    return file.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("text", [CLEAR, TITLE, COPY, UP, "a\rb", "\x9b2J", "\u202eexe.txt"])
def test_control_characters_are_shown_as_escapes(text: str, terminal: bool) -> None:
    shown = printed(f"before {text} after", terminal=terminal)
    styles_left_out = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", styles_left_out)
    assert styles_left_out.count("before \\") + styles_left_out.count("before a\\") == 2


def test_styles_are_the_consoles_own() -> None:
    assert "\x1b[31m" in printed("plain", terminal=True)


def test_a_name_between_colons_stays_as_it_is() -> None:
    assert "before POST /orders:x:check" in printed("before POST /orders:x:check", terminal=False)
