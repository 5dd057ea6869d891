"""Prints a delivery for a person: the outcome first, then the checklist, then what is open and where things lie."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from rich.console import Console
from rich.table import Table

from agent.cli.terminal import Terminal, brief
from agent.delivery.findings import Finding, findings
from agent.delivery.handoffs import FOLDER
from agent.delivery.model import Delivery
from agent.delivery.reports import Reports

_FAILURES = 12
"""How many failures are printed; the report has all of them."""
_SUBJECTS = 4
"""How many subjects of one failure are named."""
_HOLES = 30
_NOTES = 20
"""How many notes are printed; the report has all of them."""
_WIDTH = 118


def print_delivery(delivery: Delivery, reports: Path | None = None, console: Console | None = None) -> None:
    """Print a delivery, and where its reports lie, on standard output."""
    console = console or Terminal(file=sys.stdout, highlight=False)
    console.print()
    _changed(delivery, console)
    if delivery.gates:
        _checklist(delivery, console)
    _holes(delivery, console)
    _written(delivery, console)
    _failures(delivery, console)
    _unchecked(delivery, console)
    _warnings(delivery, console)
    console.print()
    style = "bold green" if delivery.exit_code == 0 else "bold red"
    console.print(delivery.sentence, style=style, markup=False, soft_wrap=True)
    console.print()
    _places(delivery, reports, console)


def _changed(delivery: Delivery, console: Console) -> None:
    for file in delivery.changed:
        about = ", ".join(file.by)
        console.print(f"changed of what was there: {file.path} (for {about})", markup=False, soft_wrap=True)
    if delivery.changed:
        console.print()


def _checklist(delivery: Delivery, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, justify in (
        ("gate", "left"),
        ("met", "right"),
        ("failed", "right"),
        ("not checked", "right"),
        ("input", "right"),
    ):
        table.add_column(name, justify="right" if justify == "right" else "left")
    for gate in delivery.gates:
        numbers = (gate.met, gate.failed, gate.unchecked, gate.input)
        table.add_row(
            str(gate.gate), *(str(number) if number else "·" for number in numbers), style=_style(gate.met, gate.failed)
        )
    console.print(table)


def _style(met: int, failed: int) -> str:
    if failed:
        return "red"
    return "green" if met else "dim"


def _holes(delivery: Delivery, console: Console) -> None:
    for hole in delivery.holes[:_HOLES]:
        reason = f": {hole.reason}" if hole.reason else ""
        console.print(f"\nnot written: {hole.operation}{reason}", markup=False, soft_wrap=True)
        console.print(f"  {hole.file}:{hole.line} {hole.name}", markup=False, soft_wrap=True)
    if len(delivery.holes) > _HOLES:
        console.print(f"\n… and {len(delivery.holes) - _HOLES} more that are not written, all in the report")


def _written(delivery: Delivery, console: Console) -> None:
    """What a model wrote: what is proven of it, and that nobody knows the rest."""
    for one in delivery.written[:_HOLES]:
        by = f" by {', '.join(one.by)}" if one.by else ""
        console.print(f"\nwritten{by}: {one.operation}", style="yellow", markup=False, soft_wrap=True)
        proven = ", ".join(proof.rule for proof in one.proven) or "nothing"
        console.print(f"  proven: {proven}", markup=False, soft_wrap=True)
        if one.unchecked:
            console.print(f"  not checked: {', '.join(one.unchecked)}", markup=False, soft_wrap=True)
        console.print(f"  {one.doubt}", markup=False, soft_wrap=True)
    if len(delivery.written) > _HOLES:
        console.print(f"\n… and {len(delivery.written) - _HOLES} more written by a model, all in the report")


def _failures(delivery: Delivery, console: Console) -> None:
    """What failed; failures of operations that are not written are their echo, and only counted."""
    unwritten = {hole.operation for hole in delivery.holes}
    failed = delivery.verdict.failed if delivery.verdict else ()
    told = findings(receipt for receipt in failed if receipt.subject not in unwritten)
    for finding in told[:_FAILURES]:
        console.print(f"\nfailed: {_named(finding)}", style="red", markup=False, soft_wrap=True)
        console.print(textwrap.indent(_about(finding), "  "), markup=False, soft_wrap=True)
    if len(told) > _FAILURES:
        console.print(f"\n… and {len(told) - _FAILURES} more, all in the report")
    echoes = sum(receipt.subject in unwritten for receipt in failed)
    if echoes:
        console.print(f"\nfailed with what is not written: {echoes}, all in the report", style="red")


def _named(finding: Finding) -> str:
    """`TST-COVER:files`, or the rule and everything that breaks it in the same way."""
    if len(finding.subjects) == 1 or len(finding.rules) > 1:
        return finding.name
    more = len(finding.subjects) - _SUBJECTS
    named = ", ".join(finding.subjects[:_SUBJECTS]) + (f" and {more} more" if more > 0 else "")
    return f"{finding.rule} at {len(finding.subjects)}: {named}"


def _about(finding: Finding) -> str:
    lines = [*finding.found.splitlines()[:4], *finding.places[:3]]
    if finding.reproduce:
        lines.append(f"see it again: {finding.reproduce.splitlines()[0]}")
    return "\n".join(line if len(line) <= _WIDTH * 2 else f"{line[: _WIDTH * 2]}…" for line in lines)


def _unchecked(delivery: Delivery, console: Console) -> None:
    if delivery.unchecked:
        names = textwrap.fill(" ".join(delivery.unchecked), _WIDTH, break_on_hyphens=False)
        count = "1 rule" if len(delivery.unchecked) == 1 else f"{len(delivery.unchecked)} rules"
        console.print(f"\nnot checked yet, and not counted as met ({count}):", style="dim")
        console.print(names, style="dim", markup=False, soft_wrap=True)


def _warnings(delivery: Delivery, console: Console) -> None:
    for warning in delivery.warnings[:_NOTES]:
        console.print(f"\nnote: {brief(warning, 'all in the report')}", style="yellow", markup=False, soft_wrap=True)
    if len(delivery.warnings) > _NOTES:
        console.print(f"\n… and {len(delivery.warnings) - _NOTES} more notes, all in the report", style="yellow")


def _places(delivery: Delivery, reports: Path | None, console: Console) -> None:
    rows = {"branch": delivery.branch, "commit": delivery.commit, "worktree": delivery.worktree}
    if reports is not None:
        files = Reports.within(reports)
        rows |= {"page": files.page, "report": files.markdown, "json": files.json}
        rows |= {"junit": files.junit, "sarif": files.sarif}
        rows |= {"handoffs": reports / FOLDER} if delivery.run and delivery.outcome != "interrupted" else {}
    for name, value in rows.items():
        if value:
            console.print(f"{name:<9} {value}", markup=False, soft_wrap=True)
