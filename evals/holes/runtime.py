"""Our own runtime: the library behind `agent run`, on the contract with this one hole."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

from agent.delivery.model import Delivery
from agent.orchestrator.options import RunOptions
from agent.orchestrator.running import run_task
from agent.receipts import Outcome
from agent.task.loading import parse_task
from evals.holes.contestants import Left, Terms
from evals.holes.starting import Started
from tools.scratch import scratch_folder


def run_ourselves(started: Started, terms: Terms, folder: Path) -> Left:
    """A whole run: blueprint, model, checks, report. The minutes are the run's limit; checks begun before it count."""
    began = time.monotonic()
    with scratch_folder("run") as scratch:
        (scratch / "openapi.json").write_text(json.dumps(started.hole.contract()), encoding="utf-8")
        asked = {"title": started.title, "api": "openapi.json", "schema": str(started.hole.schema)}
        options = RunOptions(
            models=(terms.model,), out=scratch / "service", sandbox=terms.sandbox, max_minutes=terms.minutes
        )
        delivery = run_task(parse_task(asked, scratch), options)
        shutil.copytree(scratch / "service", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
    usage = delivery.usage
    return Left(
        seconds=time.monotonic() - began,
        requests=usage.requests,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        claimed=not delivery.holes,
        open=(*_open(delivery, started.open.operation), *_unseen(delivery, started.open.operation)),
        said=f"{delivery.sentence} ({delivery.run})",
    )


def _open(delivery: Delivery, operation: str) -> tuple[str, ...]:
    """Obligations of the operation that the report does not call met."""
    return tuple(
        f"{one.obligation.id}: {one.outcome}"
        for one in delivery.receipts
        if one.subject == operation and one.outcome in (Outcome.FAILED, Outcome.UNCHECKED)
    )


def _unseen(delivery: Delivery, operation: str) -> tuple[str, ...]:
    """What the report says that no check looked at."""
    mine = (one for one in delivery.written if one.operation == operation)
    return tuple(f"no check looked at: {sentence}" for one in mine for sentence in one.unseen or (one.doubt,))
