"""Puts a defect into a copy of a good service, and asks the checks that have to notice it, and no others."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from agent.checklist.case import GateEvent, GateFinished
from agent.checklist.checklist import CHECKS, checks_for, settle
from agent.checklist.effort import Effort
from agent.receipts import Outcome, Receipt
from agent.workspace.opening import snapshot_workspace
from evals.defects.collection import Defect
from evals.defects.services import Opened
from evals.remembering import Keyed
from tools.scratch import scratch_folder

_FUZZED = "CON-RUNTIME"

Finding = Callable[[str], None]
"""Told of each finding as soon as it is made."""


class Judged(Keyed):
    """What the checks said of one defect."""

    defect: str
    caught: tuple[str, ...]
    """Obligations that had to fail and did."""
    missed: tuple[str, ...]
    """Obligations that had to fail and did not."""
    also: tuple[str, ...]
    """Obligations that failed besides."""
    seconds: float


class Steady(BaseModel):
    """One run of the checks on a good service."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    findings: tuple[str, ...]
    """What failed, each with what was run (its seed among it) and what was found."""
    seconds: float


async def judge_defect(defect: Defect, key: str, opened: Opened, toolchain: Path) -> Judged:
    """The verdict on one defect. Raises InputError where it no longer fits."""
    began = time.monotonic()
    found = await _verdict(opened, toolchain, defect.files(opened.folder), defect.rules)
    failed = {receipt.obligation.id for receipt in found}
    return Judged(
        defect=defect.name,
        key=key,
        caught=tuple(sorted(failed & defect.noticed)),
        missed=tuple(sorted(defect.noticed - failed)),
        also=tuple(sorted(failed - defect.noticed)),
        seconds=round(time.monotonic() - began, 1),
    )


async def judge_good(opened: Opened, toolchain: Path, rules: Collection[str], tell: Finding) -> Steady:
    """The verdict on the service as it is; with rules, only the checks that settle one of them."""
    began = time.monotonic()

    def progress(event: GateEvent) -> None:
        for receipt in event.receipts if isinstance(event, GateFinished) else ():
            if receipt.outcome is Outcome.FAILED:
                tell(_told(receipt))

    found = await _verdict(opened, toolchain, {}, rules, progress)
    return Steady(
        service=opened.name,
        findings=tuple(map(_told, found)),
        seconds=round(time.monotonic() - began, 1),
    )


def _told(receipt: Receipt) -> str:
    return f"{receipt.obligation.id}: {receipt.ran}: {receipt.found}"


def _unheard(_: GateEvent) -> None:
    return


async def _verdict(
    opened: Opened,
    toolchain: Path,
    files: Mapping[str, str | None],
    rules: Collection[str],
    progress: Callable[[GateEvent], None] = _unheard,
) -> tuple[Receipt, ...]:
    """What fails of that which the checks settle that settle these rules; of everything, where there are none.

    A defect that is not for fuzzing to notice is not fuzzed: what chance may find in it besides is no expectation.
    """
    effort = Effort() if not rules or _FUZZED in rules else Effort(fuzz_seconds=0)
    names = checks_for(rules) if rules else None
    judged = {rule for check in CHECKS for rule in check.rules if names is None or check.name in names}
    with scratch_folder("eval") as folder:
        source = folder / "source"
        await asyncio.to_thread(shutil.copytree, opened.folder, source)
        for path, content in files.items():
            _put(source / path, content)
        workspace = await asyncio.to_thread(
            snapshot_workspace, source, toolchain=toolchain, sandbox="auto", state=folder / "state"
        )
        with closing(workspace.sandbox):
            verdict = await settle(opened.inputs.case(workspace, effort), progress, only=names)
    return tuple(receipt for receipt in verdict.failed if receipt.rule in judged)


def _put(path: Path, content: str | None) -> None:
    path.unlink(missing_ok=True)
    if content is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
