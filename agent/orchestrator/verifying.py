"""The library's other door: judge a folder that somebody else wrote."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from agent.binding.deriving import bind
from agent.binding.model import Binding
from agent.checklist.case import Case, GateEvent, GateFinished
from agent.checklist.checklist import CHECKS, settle
from agent.checklist.effort import Effort
from agent.checklist.memory import Memory, open_memory
from agent.checklist.probe.keys import bound_beside_keys, names_key
from agent.checklist.quick import ASKED, quickly, touched_tests
from agent.delivery.model import Delivery
from agent.delivery.service_map import service_map
from agent.errors import InputError, WorkspaceError
from agent.orchestrator.confining import VERIFIED, confined, unprotected
from agent.orchestrator.driver import gate_settled, open_hole
from agent.orchestrator.inputs import Inputs, reading
from agent.orchestrator.opening import packages_of
from agent.orchestrator.options import Listener, Note, discreet, silent
from agent.orchestrator.stopping import stoppable
from agent.places import cache_folder
from agent.receipts import Verdict
from agent.rulebook.model import StackName
from agent.stacks.declared import FILE, as_text, with_options
from agent.workspace.opening import snapshot_workspace
from agent.workspace.worktree import GitWorkspace
from tools.redaction.models import redacted
from tools.redaction.room import room
from tools.sandbox.base import SandboxChoice
from tools.scratch import scratch_folder

_PROJECTS = ("pyproject.toml", "requirements.txt", "setup.py")


def verify_directory(
    directory: Path,
    api: Path,
    schemas: Sequence[Path],
    stack: StackName,
    sandbox: SandboxChoice = "auto",
    listener: Listener = silent,
    *,
    start: str | None = None,
    settings: Sequence[str] = (),
    trusted: bool = False,
    effort: Effort = Effort(),
    strict: bool = False,
    fresh: bool = False,
    only: Sequence[str] = (),
    quick: bool = False,
) -> Delivery:
    """The checklist's verdict on a copy of a folder; the folder itself is only read, and no run is recorded.

    What held for the same inputs and `effort` before is remembered, unless a `fresh` verdict is asked for. `only`: the
    names of the checks that are asked; all of them where it is empty. `quick`: those that answer within seconds, and of
    the tests those that ran what was edited since all of them were seen. `start`, a command, and `settings`,
    `NAME=VALUE` each, go before what the folder's `agent.toml` says.

    Raises InputError and MissingDependency.
    """
    if unknown := [name for name in only if name not in {check.name for check in CHECKS}]:
        known = ", ".join(check.name for check in CHECKS)
        raise InputError(f"--only {unknown[0]}: there is no such check; there are {known}")
    if quick and only:
        raise InputError("--quick and --only exclude each other: --quick chooses the checks itself")
    began = time.monotonic()
    room.know_environment(os.environ)
    listener = discreet(listener)
    if not directory.is_dir():
        raise WorkspaceError(f"{directory}: is no folder; name the one that holds the backend")
    if not any(directory.iterdir()):
        raise WorkspaceError(f"{directory}: holds no file to check")
    told = _told(directory, start, settings)
    chosen = confined(sandbox, stranger=VERIFIED, trusted=trusted)
    listener(Note(f"sandbox: {chosen.kind} ({chosen.why})", "sandbox"))
    with (
        stoppable(),
        scratch_folder("verify") as state,
        reading(api, schemas, stack, listener, strict=strict) as inputs,
    ):
        builder = packages_of(inputs.stack, (), listener, theirs=True)
        toolchain = builder.stack().toolchain
        workspace = snapshot_workspace(directory, toolchain=toolchain, sandbox=chosen.kind, state=state)
        with closing(workspace.sandbox):
            workspace.write(told)
            files = workspace.read()
            room.learn("\n".join(files.values()))
            environment, refused = builder.for_files(files)
            workspace.toolchain = environment.toolchain
            case = replace(inputs.case(workspace, effort), binding=_binding(inputs))
            memory = None if fresh else open_memory(cache_folder() / "settled", chosen.kind)
            verdict = _verdict(case, listener, memory, ASKED if quick else only, quick=quick)
            delivery = _delivery(inputs, workspace, stack, verdict, began)
            if quick:
                delivery = delivery.model_copy(update={"warnings": (quickly(verdict), *delivery.warnings)})
        missing = tuple(f"A package of the project was not installed: {reason}" for reason in refused)
        warnings = (*delivery.warnings, *missing, *lies_deeper(files, directory))
        return redacted(delivery.model_copy(update={"warnings": warnings}))


def lies_deeper(files: Mapping[str, str], directory: Path) -> tuple[str, ...]:
    """That the project seems to lie in a folder of this one, where packages and migrations are not looked for."""
    if any(path in _PROJECTS for path in files):
        return ()
    deeper = sorted({path.partition("/")[0] for path in files if path.partition("/")[2] in _PROJECTS})
    named = " or ".join(f"agent verify {directory / one}" for one in deeper)
    return (f"The folder itself is no Python project; judge the one in it: {named}.",) if deeper else ()


def _told(directory: Path, start: str | None, settings: Sequence[str]) -> Mapping[str, str]:
    """The `agent.toml` that says how the copy is started, if there is anything to say. Raises InputError."""
    file = directory / FILE
    files = {FILE: file.read_text(errors="replace")} if file.is_file() else {}
    said = with_options(files, start, settings)
    return {FILE: as_text(said)} if start is not None or settings else {}


def _binding(inputs: Inputs) -> Binding:
    """What the operations do; whoever wrote them knows what their keys are for, though nothing says so."""
    if not any(map(names_key, inputs.contract.operations)):
        return inputs.binding
    return bound_beside_keys(inputs.contract, lambda plain: bind(plain, inputs.catalog, inputs.corrections))


def _verdict(case: Case, listener: Listener, memory: Memory | None, only: Sequence[str], *, quick: bool) -> Verdict:
    tree = case.workspace.tree()

    def tell(event: GateEvent) -> None:
        listener(gate_settled(tree, event) if isinstance(event, GateFinished) else Note(event.check, "gate"))

    beside = [touched_tests(memory)] if quick else []
    return asyncio.run(settle(case, tell, memory=memory, only=only or None, beside=beside))


def _delivery(inputs: Inputs, workspace: GitWorkspace, stack: StackName, verdict: Verdict, began: float) -> Delivery:
    holes = tuple(map(open_hole, inputs.stack.open_holes(workspace.read())))
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
        warnings=(*inputs.assumptions, *unprotected(workspace.sandbox.kind), *_remembered(verdict)),
    )


def _remembered(verdict: Verdict) -> tuple[str, ...]:
    since = sorted(one.remembered for one in verdict.receipts if one.remembered)
    if not since:
        return ()
    return (
        f"{len(since)} of {len(verdict.receipts)} receipts are remembered: they were found on the same files, the "
        f"oldest at {since[0]}. `--fresh` asks everything again.",
    )
