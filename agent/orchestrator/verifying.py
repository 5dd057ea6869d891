"""The library's other door: judge a folder that somebody else wrote."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.binding.deriving import bind
from agent.catalog.loading import load_catalog
from agent.checklist.case import Case, GateEvent, GateFinished
from agent.checklist.checklist import settle
from agent.contract.loading import load_contract
from agent.delivery.model import Delivery
from agent.journal.events import GateSettled
from agent.orchestrator.driver import open_hole
from agent.orchestrator.options import Listener, Note, SandboxChoice, silent
from agent.orchestrator.running import serving
from agent.places import cache_folder
from agent.rulebook.loading import load_rulebook
from agent.rulebook.model import StackName
from agent.stacks.registry import stack_named
from agent.workspace.opening import snapshot_workspace
from agent.workspace.toolchain import build_toolchain


def verify_directory(
    directory: Path,
    api: Path,
    schemas: Sequence[Path],
    stack_name: StackName,
    sandbox: SandboxChoice = "auto",
    listener: Listener = silent,
) -> Delivery:
    """The checklist's verdict on a copy of a folder; the folder itself is only read, and no run is recorded.

    Raises InputError and MissingDependency.
    """
    began = time.monotonic()
    stack, contract = stack_named(stack_name), load_contract(api, cache=cache_folder() / "contracts")
    toolchain = build_toolchain(
        stack.toolchain_lock(), cache_folder() / "toolchains", progress=lambda text: listener(Note(text, "toolchain"))
    )
    with tempfile.TemporaryDirectory(prefix="agent-verify-") as state, serving(listener) as server:
        catalog = load_catalog(server, list(schemas))
        workspace = snapshot_workspace(directory, toolchain=toolchain, sandbox=sandbox, state=Path(state))
        case = Case(
            workspace=workspace,
            stack=stack,
            contract=contract,
            catalog=catalog,
            binding=bind(contract, catalog),
            rulebook=load_rulebook(),
            server=server,
        )
        verdict = asyncio.run(settle(case, _told(listener, workspace.tree())))
        holes = tuple(map(open_hole, stack.open_holes(workspace.read())))
        return Delivery(
            run="",
            title=contract.title,
            stack=stack_name,
            model="",
            outcome="complete" if verdict.holds and not holes else "incomplete",
            verdict=verdict,
            holes=holes,
            sandbox=workspace.sandbox.kind,
            seconds={"verify": round(time.monotonic() - began, 3)},
        )


def _told(listener: Listener, tree: str) -> Callable[[GateEvent], None]:
    def tell(event: GateEvent) -> None:
        if isinstance(event, GateFinished):
            listener(
                GateSettled(
                    tree=tree,
                    gate=event.gate,
                    receipts=event.receipts,
                    measures=event.measures,
                    seconds=event.seconds,
                )
            )
        else:
            listener(Note(str(event.gate), "gate"))

    return tell
