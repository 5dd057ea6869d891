"""Opens a run's workspace: the toolchain, and the worktree, new or as the journal left it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from agent.journal.events import PackageRefused, ToolchainReady, WorkspaceOpened
from agent.loop.state import state_of
from agent.orchestrator.options import Listener, Note
from agent.orchestrator.record import RunRecord
from agent.orchestrator.session import Session
from agent.places import cache_folder
from agent.stacks.base import Stack
from agent.workspace.dependencies.environment import Builder
from agent.workspace.dependencies.policy import load_policy
from agent.workspace.opening import check_place, create_workspace, has_workspace, reopen_workspace
from agent.workspace.worktree import GitWorkspace
from tools.redaction.room import room

_STATE, _WORKTREE = "state", "workspace"


def check_workspace(record: RunRecord, folder: Path | None = None) -> None:
    """Raise WorkspaceError when the workspace cannot be opened; nothing is made. `folder`: of a run that goes on."""
    if folder and has_workspace(folder / _STATE):
        reopen_workspace(folder / _STATE)
    else:
        check_place(folder=record.folder, repository=record.repository, base=record.base)


def packages_of(stack: Stack, allowed: Sequence[str], listener: Listener, *, theirs: bool) -> Builder:
    """Makes the environments of a stack, by the policy of whoever runs this and what the task allows.

    The packages of `theirs`, code that others own, may have any licence.
    """
    policy = load_policy(allowed)
    return Builder(
        stack.toolchain_lock(),
        cache_folder(),
        policy.of_owners() if theirs else policy,
        progress=lambda text: listener(Note(text, "toolchain")),
    )


def builder_of(session: Session) -> Builder:
    """Makes the environments of a run, for what is added to it."""
    return packages_of(session.inputs.stack, session.record.packages, session.listener, theirs=False)


def open_workspace(session: Session) -> GitWorkspace:
    """The workspace of this run. A resumed one is put back to the last commit that the journal knows."""
    started, theirs = time.monotonic(), session.record.repository is not None
    builder = packages_of(session.inputs.stack, session.record.packages, session.listener, theirs=theirs)
    toolchain = builder.stack().toolchain
    session.happened(ToolchainReady(seconds=time.monotonic() - started))
    state = state_of(session.journal.events)
    if has_workspace(session.folder / _STATE):
        workspace = reopen_workspace(session.folder / _STATE)
        workspace.toolchain = toolchain
        workspace.restore(state.commit)
    else:
        workspace = _create(session, toolchain)
    files = workspace.read()
    room.learn("\n".join(files.values()))
    environment, refused = builder.for_files(files)
    workspace.toolchain = environment.toolchain
    for reason in refused:
        session.happened(PackageRefused(asked=reason.partition(":")[0], reason=reason, by="project"))
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
