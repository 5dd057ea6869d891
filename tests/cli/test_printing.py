"""A delivery as a person reads it: what is missing first, the sentence and the places last."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from agent.cli.printing import print_delivery
from agent.delivery.model import Delivery
from tests.delivery.examples import FAILURE, HOLE, INCOMPLETE, SAME, delivery, verdict

DELIVERIES: dict[str, Delivery] = {
    "complete": delivery(),
    "incomplete": INCOMPLETE,
    "many failures": delivery(
        outcome="incomplete",
        verdict=verdict(*(FAILURE.model_copy(update={"found": f"reason {number}"}) for number in range(15))),
    ),
    "one failure of many": delivery(outcome="incomplete", verdict=verdict(*SAME)),
    "budget": delivery(outcome="budget", stopped_by="2.00 USD", holes=(HOLE,)),
    "interrupted": delivery(outcome="interrupted", verdict=None, commit=None),
    "of a folder": delivery(run="", model="", branch=None, commit=None, worktree=None),
}


def printed(one: Delivery, **console: Any) -> str:
    """What is printed on a console of these properties."""
    file = io.StringIO()
    print_delivery(
        one, Path("/var/reports") if one.run else None, Console(file=file, highlight=False, width=120, **console)
    )
    return file.getvalue()


@pytest.mark.parametrize("name", DELIVERIES)
def test_a_delivery_is_printed(name: str, snapshot: SnapshotAssertion) -> None:
    assert printed(DELIVERIES[name]) == snapshot


def test_colours_come_on_a_terminal_only_and_not_where_they_are_unwanted(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = {"force_terminal": True, "color_system": "standard"}
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[1;32m" in printed(delivery(), **terminal)
    assert "\x1b" not in printed(delivery())
    monkeypatch.setenv("NO_COLOR", "1")
    plain = printed(delivery(), **terminal)
    assert not any(f"\x1b[{style}3{colour}m" in plain for style in ("", "1;") for colour in range(8))


def test_brackets_of_foreign_texts_are_no_markup() -> None:
    found = FAILURE.model_copy(update={"found": "[bold]expected[/bold] [red]"})
    assert "[bold]expected[/bold] [red]" in printed(delivery(outcome="incomplete", verdict=verdict(found)))


def test_failures_of_what_is_not_written_are_only_counted() -> None:
    echo = FAILURE.model_copy(update={"subject": HOLE.operation})
    text = printed(delivery(outcome="incomplete", holes=(HOLE,), verdict=verdict(FAILURE, echo)))
    assert f"failed: {FAILURE.obligation.id}" in text
    assert f"failed: {echo.obligation.id}" not in text
    assert "failed with what is not written: 1, all in the report" in text


def test_what_would_flood_a_terminal_is_cut_short() -> None:
    long = "a note: " + ", ".join(f"#/paths/~1things~1{number}" for number in range(200))
    holes = tuple(HOLE.model_copy(update={"operation": f"GET /things/{number}"}) for number in range(100))
    text = printed(delivery(outcome="incomplete", holes=holes, warnings=(long, *map(str, range(50)))))
    assert "… (all in the report)" in text
    assert "~1199" not in text
    assert "… and 31 more notes, all in the report" in text
    assert "… and 70 more that are not written, all in the report" in text
