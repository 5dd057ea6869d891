"""Opens a run's workspace: the toolchain, and the worktree, new or as the journal left it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from agent.journal.events import ToolchainReady, WorkspaceOpened
from agent.loop.state import state_of
from agent.orchestrator.options import Listener, Note
from agent.orchestrator.record import RunRecord
from agent.orchestrator.session import Session
from agent.places import cache_folder
from agent.stacks.base import Stack
from agent.workspace.opening import check_place, create_workspace, has_workspace, reopen_workspace
from agent.workspace.toolchain import build_toolchain
from agent.workspace.worktree import GitWorkspace
from tools.redaction.room import room

_STATE, _WORKTREE = "state", "workspace"


def check_workspace(record: RunRecord, folder: Path | None = None) -> None:
    """Raise WorkspaceError when the workspace cannot be opened; nothing is made. `folder`: of a run that goes on."""
    if folder and has_workspace(folder / _STATE):
        reopen_workspace(folder / _STATE)
    else:
        check_place(folder=record.folder, repository=record.repository, base=record.base)


def toolchain_of(stack: Stack, listener: Listener) -> Path:
    """The stack's toolchain environment. Raises MissingDependency when it cannot be made."""
    return build_toolchain(
        stack.toolchain_lock(), cache_folder(), progress=lambda text: listener(Note(text, "toolchain"))
    )


def open_workspace(session: Session) -> GitWorkspace:
    """The workspace of this run. A resumed one is put back to the last commit that the journal knows."""
    started = time.monotonic()
    toolchain = toolchain_of(session.inputs.stack, session.listener)
    session.happened(ToolchainReady(seconds=time.monotonic() - started))
    state = state_of(session.journal.events)
    if has_workspace(session.folder / _STATE):
        workspace = reopen_workspace(session.folder / _STATE)
        workspace.toolchain = toolchain
        workspace.restore(state.commit)
    else:
        workspace = _create(session, toolchain)
    room.learn("\n".join(workspace.read().values()))
    if state.opened is None:
        session.happened(WorkspaceOpened(worktree=str(workspace.root), branch=workspace.branch))
    return workspace


def _create(session: Session, toolchain: Path) -> GitWorkspace:
    record, own = session.record, session.folder / _WORKTREE
    if record.folder is None:
        shutil.rmtree(own, ignore_errors=True)  # half made by a process that was killed
    return create_workspace(
        folder=record.folder or own,
        repository=record.repository,
        base=record.base,
        slug=record.slug,
        toolchain=toolchain,
        sandbox=record.sandbox,
        state=session.folder / _STATE,
    )
