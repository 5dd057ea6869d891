"""`agent eval holes`: how many of the functions that are left to a model get written, and by whom."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from rich.table import Table

from agent.cli.terminal import Terminal
from evals.holes.evaluating import OURS, Choice, Outcome, evaluate
from evals.holes.reporting import Row, rows

_WIDE = 200
_COLUMNS = ("contestant", "level", "filled (95 %)", "seconds", "tokens in", "tokens out", "claimed, refused", "unsaid")
_LEFT = _COLUMNS[:3]


def holes_command(choice: Choice, *, as_json: bool) -> None:
    """Let the contestants fill the holes, and print per level what came of it."""
    outcomes = evaluate(choice, _tell)
    found = rows(outcomes)
    if as_json:
        shown = {"rows": [row.as_dict() for row in found], "outcomes": [one.model_dump() for one in outcomes]}
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    else:
        _print(found, outcomes)


def _tell(outcome: Outcome, done: int, of: int) -> None:
    said = "filled" if outcome.filled else f"{outcome.passed} of {outcome.tests} hidden tests"
    said += "" if outcome.filled or not outcome.claimed else ", claimed"
    name = f"{outcome.contestant}, {outcome.hole}, round {outcome.round}"
    sys.stderr.write(f"{done:4}/{of}  {outcome.seconds:6.1f} s  {name}: {said}\n")


def _print(found: Sequence[Row], outcomes: Sequence[Outcome]) -> None:
    console = Terminal(file=sys.stdout, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in _LEFT else "right")
    for row in found:
        cost = (f"{row.seconds:.1f}", f"{row.input_tokens:.0f}", f"{row.output_tokens:.0f}")
        table.add_row(row.contestant, row.level, str(row.share), *cost, str(row.claimed_wrongly), str(row.unsaid))
    console.print(table, width=None if console.is_terminal else _WIDE)
    for one in outcomes:
        if one.contestant == OURS and one.claimed and not one.filled:
            left = ", ".join(one.open) or "nothing"
            console.print(f"{one.hole}, round {one.round}: refused; left open: {left}", markup=False, soft_wrap=True)
