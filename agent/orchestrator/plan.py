"""The plan of a task: what each operation was taken for, before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.binding.evidence import columns, evidence, taken_for
from agent.orchestrator.correcting import FILE, read_plan
from agent.orchestrator.inputs import Inputs, reading
from agent.orchestrator.options import Listener, discreet
from agent.task.loading import load_task
from agent.task.model import Task
from tools.redaction.room import room


@contextmanager
def task_inputs(path: Path, listener: Listener, *, strict: bool = False) -> Iterator[tuple[Task, Inputs]]:
    """A task and everything that is read for it, for as long as the context is open.

    Raises InputError and MissingDependency. Nothing is written.
    """
    room.know_environment(os.environ)
    loaded = load_task(path)
    room.learn(loaded.schema_dsn or "")
    schema = loaded.schema_dsn or loaded.schema_files
    corrections = read_plan(loaded.folder / FILE)
    reads = reading(loaded.api, schema, loaded.stack, discreet(listener), strict=strict, corrections=corrections)
    with reads as inputs:
        yield loaded, inputs


def plan_of(inputs: Inputs, title: str) -> dict[str, Any]:
    """The whole plan as JSON values: the same for the same input."""
    scaffold = inputs.stack.scaffold(inputs.contract, inputs.catalog, inputs.binding, title)
    reasons = {hole.operation: hole.reason for hole in scaffold.holes}
    accounts = inputs.binding.accounts
    return {
        "title": title,
        "schema": "proposed" if inputs.proposal else "given",
        "users": accounts.table if accounts else "",
        "warnings": list(inputs.reservations),
        "operations": [_shown(inputs, key, reasons) for key in (one.key for one in inputs.contract.operations)],
    }


def _shown(inputs: Inputs, key: str, reasons: Mapping[str, str]) -> dict[str, Any]:
    bound, said = inputs.binding.bound(key), inputs.corrections.of(key)
    hole = bound.reason or reasons.get(key, "")
    return {
        "operation": key,
        "taken_for": "" if hole else taken_for(bound),
        "action": str(bound.action or ""),
        "table": bound.table,
        "evidence": list(evidence(bound, inputs.catalog, said)),
        "columns": columns(bound),
        "left_out": list(bound.left_out),
        "hole": hole,
        "corrected": key in inputs.corrections.operations,
    }
