"""Making a workspace for a run, finding it again, and taking it away."""

from __future__ import annotations

import json
import os
import shutil
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from agent.errors import MissingDependency, WorkspaceError
from agent.workspace.branching import Source, add_worktree, branch_names, inspect_repository
from agent.workspace.git import Git
from agent.workspace.worktree import GitWorkspace
from tools.errors import SandboxUnavailable
from tools.files import NOT_LISTED
from tools.sandbox.base import SandboxChoice, SandboxKind
from tools.sandbox.choosing import choose_sandbox, open_sandbox

_RECORD = "workspace.json"
_TREE = "worktree"
_MADE_BY_TOOLS = NOT_LISTED | {"venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".tox"}


@dataclass(frozen=True, slots=True)
class _Record:
    """What finds a workspace again; a JSON file in the run's folder."""

    root: str
    branch: str
    git_dir: str
    toolchain: str
    sandbox: SandboxKind
    origin: Literal["folder", "repository", "snapshot"]
    base: str = ""
    """The commit that work began at; empty for a fresh repository."""


def create_workspace(
    *,
    folder: Path | None,
    repository: Path | None,
    base: str | None,
    slug: str,
    toolchain: Path,
    sandbox: SandboxChoice,
    state: Path,
) -> GitWorkspace:
    """A worktree on a new branch `agent/<slug>`.

    With `repository`: a git worktree of it, from `base` (a branch, tag or hash; its HEAD when None), in `folder`, or in
    the run's folder `state`. Else a fresh repository in `folder`, which must be new or empty.

    Raises WorkspaceError when that cannot be done, and MissingDependency when the sandbox cannot run; nothing is left
    behind then.
    """
    kind = _available(sandbox)
    state.mkdir(parents=True, exist_ok=True)
    source = inspect_repository(repository.resolve(), base) if repository is not None else None
    root = (folder or state / _TREE).absolute()
    made = _empty_folder(root)
    try:
        record = _worktree(source, root, slug, toolchain, kind) if source else _fresh(root, slug, toolchain, kind)
        _save(record, state)
        return _open(record, state)
    except BaseException:
        _undo(root, made)
        if source is not None:
            source.git.attempt("worktree", "prune")
        raise


def check_place(*, folder: Path | None, repository: Path | None, base: str | None) -> None:
    """Raise the WorkspaceError that `create_workspace` would raise about where to work. Changes nothing."""
    if repository is not None:
        inspect_repository(repository.resolve(), base)
    if folder is not None:
        _refuse_occupied(folder.absolute())


def has_workspace(state: Path) -> bool:
    """True when a workspace was made for the run in this folder."""
    return (state / _RECORD).is_file()


def reopen_workspace(state: Path) -> GitWorkspace:
    """The workspace that was made for the run in this folder; raises WorkspaceError when it is gone."""
    try:
        record = _Record(**json.loads((state / _RECORD).read_text()))
    except FileNotFoundError as error:
        raise WorkspaceError(f"{state}: no workspace was made for this run; start it anew") from error
    root, git_dir = Path(record.root), Path(record.git_dir)
    if not root.is_dir() or not git_dir.is_dir():
        raise WorkspaceError(f"{root}: the worktree of this run is gone; start it anew")
    head = Git(root, git_dir).attempt("symbolic-ref", "--quiet", "HEAD")
    if head != f"refs/heads/{record.branch}":
        raise WorkspaceError(f"{root}: is on {head or 'no branch'} and not on {record.branch}; check that branch out")
    for left in (git_dir / "index.lock", git_dir / "HEAD.lock", *git_dir.glob("index-*")):
        left.unlink(missing_ok=True)  # of a run that was killed: nobody else works in this worktree
    return _open(record, state)


def snapshot_workspace(directory: Path, *, toolchain: Path, sandbox: SandboxChoice, state: Path) -> GitWorkspace:
    """A copy of a folder to check, in the run's folder; the folder itself is only read.

    Left out: what its `.gitignore` names, what tools leave behind, and everything that is no file. Raises
    WorkspaceError when it is no folder or holds no file.
    """
    if not directory.is_dir():
        raise WorkspaceError(f"{directory}: is no folder")
    kind = _available(sandbox)
    root = (state / _TREE).absolute()
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    record = _fresh(root, "verify", toolchain, kind, origin="snapshot")
    if not _copy(directory.resolve(), root, Path(record.git_dir)):
        shutil.rmtree(root)
        raise WorkspaceError(f"{directory}: holds no file to check")
    _save(record, state)
    workspace = _open(record, state)
    workspace.commit(f"Copy of {directory.name}")
    return workspace


def discard(workspace: GitWorkspace) -> None:
    """Take a workspace away: a snapshot always, else only while nothing was committed in it."""
    record = _Record(**json.loads((workspace.state / _RECORD).read_text()))
    head = workspace.git.attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}") or ""
    if record.origin != "snapshot" and head != record.base:
        return
    if record.origin == "repository":
        common = Path(workspace.git.run("rev-parse", "--path-format=absolute", "--git-common-dir"))
        outside = Git(common.parent, common).guarded()
        outside.run("worktree", "remove", "--force", record.root)
        outside.run("branch", "-D", "--quiet", record.branch)
    else:
        shutil.rmtree(record.root, ignore_errors=True)
    (workspace.state / _RECORD).unlink(missing_ok=True)


def _available(sandbox: SandboxChoice) -> SandboxKind:
    """The kind that will be used; raises MissingDependency before anything is made."""
    try:
        return choose_sandbox(sandbox).kind
    except SandboxUnavailable as error:
        raise MissingDependency(str(error)) from error


def _empty_folder(root: Path) -> bool:
    """Make the folder where it is missing; True when it was. Raises WorkspaceError when something is in it."""
    _refuse_occupied(root)
    if root.exists():
        return False
    try:
        root.mkdir(parents=True)
    except OSError as error:
        raise WorkspaceError(f"{root}: cannot be made: {error.strerror}") from error
    return True


def _refuse_occupied(root: Path) -> None:
    """Raise WorkspaceError unless the folder is empty, or can be made."""
    try:
        root.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise WorkspaceError(f"{root}: cannot be made: {error.strerror}") from error
    if root.is_symlink() or (root.exists() and not root.is_dir()):
        raise WorkspaceError(f"{root}: is no folder; name a new one")
    there = next(folder for folder in (root, *root.parents) if os.path.lexists(folder))
    if not there.is_dir():
        raise WorkspaceError(f"{root}: cannot be made: {there} is no folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise WorkspaceError(f"{root}: cannot be made: {there} is not writable")
    if there != root:
        return
    if (root / ".git").exists():
        raise WorkspaceError(f"{root}: is a git repository already; give it as `repository`, or name a new folder")
    if any(root.iterdir()):
        raise WorkspaceError(f"{root}: is not empty and no git repository; name a new folder, or an empty one")


def _undo(root: Path, made: bool) -> None:
    if made:
        shutil.rmtree(root, ignore_errors=True)
    else:
        shutil.rmtree(root / ".git", ignore_errors=True)


def _worktree(source: Source, root: Path, slug: str, toolchain: Path, kind: SandboxKind) -> _Record:
    branch = add_worktree(source, root, slug)
    git_dir = Git(root).run("rev-parse", "--absolute-git-dir")
    return _Record(str(root), branch, git_dir, str(toolchain.absolute()), kind, "repository", source.base)


def _fresh(
    root: Path,
    slug: str,
    toolchain: Path,
    kind: SandboxKind,
    origin: Literal["folder", "snapshot"] = "folder",
) -> _Record:
    branch = next(iter(branch_names(slug)))
    Git(root).run("init", "--quiet", "--template=", f"--initial-branch={branch}", str(root))
    return _Record(str(root), branch, str(root / ".git"), str(toolchain.absolute()), kind, origin)


def _save(record: _Record, state: Path) -> None:
    temporary = state / f"{_RECORD}.new"
    temporary.write_text(json.dumps(asdict(record), indent=2))
    temporary.replace(state / _RECORD)


def _open(record: _Record, state: Path) -> GitWorkspace:
    root = Path(record.root)
    try:
        sandbox = open_sandbox(record.sandbox, root)
    except SandboxUnavailable as error:
        raise MissingDependency(str(error)) from error
    return GitWorkspace(
        root=root,
        branch=record.branch,
        base=record.base,
        git_dir=Path(record.git_dir),
        toolchain=Path(record.toolchain),
        sandbox=sandbox,
        state=state.absolute(),
    )


def _copy(source: Path, target: Path, git_dir: Path) -> int:
    """Copy the files that git would record; how many there were."""
    listed = Git(source, git_dir).run("ls-files", "-z", "--others", "--exclude-standard")
    paths = [Path(path) for path in listed.split("\0") if path and _MADE_BY_TOOLS.isdisjoint(Path(path).parts)]
    return sum(_copy_one(source / path, target / path) for path in paths)


def _copy_one(source: Path, target: Path) -> bool:
    if not stat.S_ISREG(source.lstat().st_mode):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target, follow_symlinks=False)
    return True
