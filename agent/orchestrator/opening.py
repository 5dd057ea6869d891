"""Opens a run's workspace: the toolchain, and the worktree, new or as the journal left it."""

from __future__ import annotations

import time
from pathlib import Path

from agent.journal.events import ToolchainReady, WorkspaceOpened
from agent.loop.state import state_of
from agent.orchestrator.session import Session
from agent.places import cache_folder
from agent.workspace.opening import create_workspace, has_workspace, reopen_workspace
from agent.workspace.toolchain import build_toolchain
from agent.workspace.worktree import GitWorkspace


def open_workspace(session: Session) -> GitWorkspace:
    """The workspace of this run. A resumed one is put back to the last commit that the journal knows."""
    started = time.monotonic()
    toolchain = build_toolchain(
        session.stack.toolchain_lock(),
        cache_folder() / "toolchains",
        progress=lambda text: session.note(text, "toolchain"),
    )
    session.happened(ToolchainReady(seconds=time.monotonic() - started))
    own = session.folder / "state"
    if has_workspace(own):
        workspace = reopen_workspace(own)
        workspace.restore(state_of(session.journal.events).commit)
    else:
        workspace = _create(session, toolchain)
    if state_of(session.journal.events).opened is None:
        session.happened(WorkspaceOpened(worktree=str(workspace.root), branch=workspace.branch))
    return workspace


def _create(session: Session, toolchain: Path) -> GitWorkspace:
    record = session.record
    return create_workspace(
        folder=record.folder or session.folder / "workspace",
        repository=record.repository,
        base=record.base,
        slug=record.slug,
        toolchain=toolchain,
        sandbox=record.sandbox,
        state=session.folder / "state",
    )
