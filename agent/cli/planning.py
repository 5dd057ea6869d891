"""`agent plan`: what each operation was taken for, before anything is written."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.cli.terminal import brief
from agent.cli.watching import watching
from agent.orchestrator.correcting import FILE
from agent.orchestrator.plan import plan_of, task_inputs

_HELP = f"""\
To correct it, write {FILE} beside the task; `agent run` follows it:
    users: people                    # the table of those who log in
    operations:
      GET /orders/{{id}}:
        table: purchase_orders       # whose rows it reads or writes
        rows: own                    # or all: whose rows are read
        callers: any                 # whoever is logged in may call it
      POST /orders/{{id}}/pay:
        hole: needs the bank         # not to be derived, and why
"""


def plan_command(task: Path, *, as_json: bool, strict: bool) -> None:
    """Print the plan of a task."""
    with watching(None) as listen, task_inputs(task, listen, strict=strict) as (loaded, inputs):
        plan = plan_of(inputs, loaded.title)
    text = json.dumps(plan, indent=2, ensure_ascii=False) if as_json else "\n".join(_lines(plan))
    sys.stdout.write(text + "\n")


def _lines(plan: Mapping[str, Any]) -> Iterator[str]:
    operations = plan["operations"]
    derived = sum(not one["hole"] for one in operations)
    yield f"{plan['title']}: {derived} of {len(operations)} operations are derived; the schema is {plan['schema']}"
    yield from (f"warning: {brief(warning, 'all with --json')}" for warning in plan["warnings"])
    for one in operations:
        yield f"\n{one['operation']}{' (corrected)' if one['corrected'] else ''}"
        if one["hole"]:
            yield f"  hole: {one['hole']}"
            continue
        yield f"  is {one['taken_for']}"
        yield from (f"  because {reason}" for reason in one["evidence"])
        for part, found in one["columns"].items():
            yield f"  {part}: {', '.join(_column(name, column) for name, column in found.items())}"
        if one["left_out"]:
            yield f"  never answered: {', '.join(one['left_out'])}"
    yield f"\n{_HELP}"


def _column(name: str, column: str) -> str:
    return column if column.rsplit(".", 1)[-1] == name else f"{name} = {column}"
