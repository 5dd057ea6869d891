"""`agent eval`: what the checklist notices, and whether it stays silent where nothing is wrong."""

from __future__ import annotations

import json
import sys
from typing import NoReturn

from rich.table import Table

from agent.checklist.checklist import settled_by
from agent.cli.terminal import Terminal
from agent.errors import ExitCode
from agent.rulebook.loading import load_rulebook
from evals.defects.evaluating import Choice, evaluate, steady
from evals.defects.judging import Judged, Steady
from evals.defects.reporting import RuleRow, rows, unproven

_WIDE = 300


def defects_command(choice: Choice, *, as_json: bool) -> NoReturn:
    """Seed the defects, and print per rule what was caught, what was missed and what else failed."""
    judged = evaluate(choice, _tell)
    found = rows(judged)
    whole = not choice.rules and not choice.services
    lacking = unproven(load_rulebook(), settled_by(), judged) if whole else {}
    if as_json:
        shown = {"rules": [row.as_dict() for row in found], "defects": [one.model_dump() for one in judged], **lacking}
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    else:
        _print(found, judged, lacking)
    sys.exit(ExitCode.NOT_MET if any(one.missed or one.also for one in judged) else ExitCode.OK)


def steady_command(services: tuple[str, ...], runs: int, rules: frozenset[str], *, as_json: bool) -> NoReturn:
    """Judge the good services again and again; every finding is a false alarm, and told when it is made."""
    done = steady(services, runs, rules, _tell, lambda finding: print(finding, file=sys.stderr, flush=True))
    if as_json:
        sys.stdout.write(json.dumps([one.model_dump() for one in done], indent=2) + "\n")
    else:
        alarms = sum(1 for one in done if one.findings)
        sys.stdout.write(f"{len(done)} runs, {alarms} with a finding\n")
    sys.exit(ExitCode.NOT_MET if any(one.findings for one in done) else ExitCode.OK)


def _tell(judged: Judged | Steady, done: int, of: int) -> None:
    if isinstance(judged, Judged):
        said = "missed " + ", ".join(judged.missed) if judged.missed else "caught"
        said += f"; also {', '.join(judged.also)}" if judged.also else ""
        name = judged.defect
    else:
        said = f"{len(judged.findings)} findings" if judged.findings else "nothing found"
        name = judged.service
    sys.stderr.write(f"{done:4}/{of}  {judged.seconds:6.1f} s  {name}: {said}\n")


def _print(found: tuple[RuleRow, ...], judged: tuple[Judged, ...], lacking: object) -> None:
    console = Terminal(file=sys.stdout, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("rule", "caught", "missed", "which", "also failed"):
        table.add_column(name, justify="right" if name in {"caught", "missed"} else "left", overflow="fold")
    for row in found:
        which, also = "\n".join(row.missed), "\n".join(row.also)
        table.add_row(row.rule, str(len(row.caught)), str(len(row.missed)), which, also)
    console.print(table, width=None if console.is_terminal else _WIDE)
    for what, names in dict(lacking).items() if isinstance(lacking, dict) else ():
        console.print(f"{what}: {', '.join(names) or 'none'}", markup=False, soft_wrap=True)
    caught = sum(1 for one in judged if not one.missed)
    alone = sum(1 for one in judged if not one.missed and not one.also)
    console.print(f"{caught} of {len(judged)} defects caught, {alone} with nothing else failing", markup=False)
