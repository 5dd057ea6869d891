"""Puts a defect into a copy of a good service, and asks the checks that have to notice it, and no others."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from agent.checklist.checklist import checks_for, settle
from agent.receipts import Outcome, Verdict
from agent.workspace.opening import snapshot_workspace
from evals.defects.collection import Defect
from evals.defects.services import Opened
from tools.scratch import scratch_folder


class Judged(BaseModel):
    """What the checks said of one defect."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    defect: str
    key: str
    """Of all that the verdict depends on; with another key it has to be judged anew."""
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
    unsettled: tuple[str, ...]
    """Obligations that a check left open for a reason that does not lie in the service, such as a busy machine."""
    seconds: float


async def judge_defect(defect: Defect, key: str, opened: Opened, toolchain: Path) -> Judged:
    """The verdict on one defect. Raises InputError where it no longer fits."""
    began = time.monotonic()
    found = await _verdict(opened, toolchain, defect.files(opened.folder), defect.rules)
    failed = {receipt.obligation.id for receipt in found.failed}
    return Judged(
        defect=defect.name,
        key=key,
        caught=tuple(sorted(failed & defect.noticed)),
        missed=tuple(sorted(defect.noticed - failed)),
        also=tuple(sorted(failed - defect.noticed)),
        seconds=round(time.monotonic() - began, 1),
    )


async def judge_good(opened: Opened, toolchain: Path, rules: Collection[str]) -> Steady:
    """The verdict on the service as it is; with rules, only the checks that settle one of them."""
    began = time.monotonic()
    found = await _verdict(opened, toolchain, {}, rules)
    loaded = [one for one in found.receipts if one.rule in _LOADED and one.outcome is Outcome.UNCHECKED]
    return Steady(
        service=opened.name,
        findings=tuple(f"{one.obligation.id}: {one.ran}: {one.found}" for one in found.failed),
        unsettled=tuple(one.obligation.id for one in loaded if one.found),
        seconds=round(time.monotonic() - began, 1),
    )


_LOADED = frozenset({"PRF-DB", "PRF-P95", "PRF-RPS"})


async def _verdict(opened: Opened, toolchain: Path, files: Mapping[str, str | None], rules: Collection[str]) -> Verdict:
    with scratch_folder("eval") as folder:
        source = folder / "source"
        await asyncio.to_thread(shutil.copytree, opened.folder, source)
        for path, content in files.items():
            _put(source / path, content)
        workspace = await asyncio.to_thread(
            snapshot_workspace, source, toolchain=toolchain, sandbox="auto", state=folder / "state"
        )
        with closing(workspace.sandbox):
            return await settle(opened.inputs.case(workspace), only=checks_for(rules) if rules else None)


def _put(path: Path, content: str | None) -> None:
    path.unlink(missing_ok=True)
    if content is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
