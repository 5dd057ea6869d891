"""The library's other door: judge a folder that somebody else wrote."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from agent.checklist.case import GateEvent, GateFinished
from agent.checklist.checklist import settle
from agent.delivery.model import Delivery
from agent.delivery.service_map import service_map
from agent.errors import WorkspaceError
from agent.orchestrator.confining import VERIFIED, confined, unprotected
from agent.orchestrator.driver import gate_settled, open_hole
from agent.orchestrator.inputs import Inputs, reading
from agent.orchestrator.opening import packages_of
from agent.orchestrator.options import Listener, Note, discreet, silent
from agent.orchestrator.stopping import stoppable
from agent.rulebook.model import StackName
from agent.workspace.opening import snapshot_workspace
from agent.workspace.worktree import GitWorkspace
from tools.redaction.models import redacted
from tools.redaction.room import room
from tools.sandbox.base import SandboxChoice
from tools.scratch import scratch_folder


def verify_directory(
    directory: Path,
    api: Path,
    schemas: Sequence[Path],
    stack: StackName,
    sandbox: SandboxChoice = "auto",
    listener: Listener = silent,
    *,
    trusted: bool = False,
    mutants: float | None = None,
    strict: bool = False,
) -> Delivery:
    """The checklist's verdict on a copy of a folder; the folder itself is only read, and no run is recorded.

    `mutants` is the processor time, in seconds, for changes of the code that are tried on its tests.

    Raises InputError and MissingDependency.
    """
    began = time.monotonic()
    room.know_environment(os.environ)
    listener = discreet(listener)
    if not directory.is_dir():
        raise WorkspaceError(f"{directory}: is no folder; name the one that holds the backend")
    if not any(directory.iterdir()):
        raise WorkspaceError(f"{directory}: holds no file to check")
    chosen = confined(sandbox, stranger=VERIFIED, trusted=trusted)
    listener(Note(f"sandbox: {chosen.kind} ({chosen.why})", "sandbox"))
    with (
        stoppable(),
        scratch_folder("verify") as state,
        reading(api, schemas, stack, listener, strict=strict) as inputs,
    ):
        builder = packages_of(inputs.stack, (), listener)
        toolchain = builder.stack().toolchain
        workspace = snapshot_workspace(directory, toolchain=toolchain, sandbox=chosen.kind, state=state)
        with closing(workspace.sandbox):
            files = workspace.read()
            room.learn("\n".join(files.values()))
            environment, refused = builder.for_files(files)
            workspace.toolchain = environment.toolchain
            delivery = _judged(inputs, workspace, stack, listener, began, mutants)
        missing = tuple(f"A package of the project was not installed: {reason}" for reason in refused)
        return redacted(delivery.model_copy(update={"warnings": (*delivery.warnings, *missing)}))


def _judged(
    inputs: Inputs,
    workspace: GitWorkspace,
    stack: StackName,
    listener: Listener,
    began: float,
    mutants: float | None,
) -> Delivery:
    tree, files = workspace.tree(), workspace.read()

    def tell(event: GateEvent) -> None:
        listener(gate_settled(tree, event) if isinstance(event, GateFinished) else Note(event.check, "gate"))

    case = inputs.case(workspace)
    if mutants is not None:
        case = replace(case, mutant_seconds=mutants)
    verdict = asyncio.run(settle(case, tell))
    holes = tuple(map(open_hole, inputs.stack.open_holes(files)))
    return Delivery(
        run="",
        title=inputs.contract.title,
        stack=stack,
        outcome="complete" if verdict.holds and not holes else "incomplete",
        verdict=verdict,
        service=service_map(inputs.catalog, inputs.binding),
        holes=holes,
        sandbox=workspace.sandbox.kind,
        seconds={"verify": round(time.monotonic() - began, 3)},
        warnings=(*inputs.assumptions, *unprotected(workspace.sandbox.kind)),
    )
