"""Looking at a user's repository before work, and opening a branch of its own in it. Only ever adds to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.errors import WorkspaceError
from agent.workspace.git import Git
from agent.workspace.layout import git_dir_of

_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisect",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Source:
    """A repository that can be worked on, and where work begins."""

    git: Git
    base: str
    """The hash of the commit that work begins at."""


def inspect_repository(repository: Path, base: str | None) -> Source:
    """Check that work can begin; raises WorkspaceError with what to do. Changes nothing."""
    if not repository.is_dir():
        raise WorkspaceError(f"{repository}: is no folder")
    git_dir = git_dir_of(repository)
    git = Git(repository, git_dir).guarded()
    _refuse_locked(git_dir, repository)
    commit = _base_commit(git, base)
    _refuse_dirty(git)
    return Source(git, commit)


def files_at_base(repository: Path, base: str | None, paths: Iterable[str], word: str) -> Mapping[str, str]:
    """Of the commit at which work begins: those of these files that it holds, and all that have this word in them.

    They are path → content. Raises WorkspaceError where work cannot begin.
    """
    source = inspect_repository(repository, base)
    found = source.git.attempt("grep", "-I", "-l", "-z", "-F", "-e", word, source.base) or ""
    having = (name.partition(":")[2] for name in found.split("\0") if name)
    texts = {path: source.git.attempt("cat-file", "blob", f"{source.base}:{path}") for path in (*paths, *having)}
    return {path: text for path, text in texts.items() if text is not None}


def add_worktree(source: Source, folder: Path, slug: str) -> str:
    """A worktree on a new branch `agent/<slug>`, or `agent/<slug>-2` and so on where that exists; the branch's name."""
    for name in branch_names(slug):
        if source.git.attempt("show-ref", "--verify", "--quiet", f"refs/heads/{name}") is not None:
            continue
        source.git.run(
            *("worktree", "add", "--quiet", "--no-checkout", "--no-track", "-b", name, str(folder), source.base)
        )
        _check_out(source, folder, name)
        return name
    raise AssertionError("branch names do not end")


def _check_out(source: Source, folder: Path, branch: str) -> None:
    """Write the branch's files, with what the configuration names for this branch and folder switched off."""
    try:
        Git(folder).guarded().run("reset", "--hard", "--quiet")
    except WorkspaceError as error:
        source.git.attempt("worktree", "remove", "--force", str(folder))
        source.git.attempt("branch", "-D", "--quiet", branch)
        raise WorkspaceError(
            f"{source.git.folder}: its files cannot be checked out; give a full clone ({error})"
        ) from error


def branch_names(slug: str) -> itertools.chain[str]:
    """The names a branch may get, the wanted one first; raises WorkspaceError when git knows no such name."""
    if Git(Path("/")).attempt("check-ref-format", "--branch", f"agent/{slug}") is None:
        raise WorkspaceError(f"agent/{slug}: is no name for a branch")
    return itertools.chain([f"agent/{slug}"], (f"agent/{slug}-{number}" for number in itertools.count(2)))


def _refuse_locked(git_dir: Path, repository: Path) -> None:
    for name in ("index.lock", "HEAD.lock"):
        if (git_dir / name).exists():
            raise WorkspaceError(
                f"{repository}: is locked by another git command ({git_dir / name}); wait for it, "
                "or remove that file if none runs"
            )
    for name, what in _UNDER_WAY.items():
        if (git_dir / name).exists():
            raise WorkspaceError(f"{repository}: {what} is under way; finish or abort it first")


def _base_commit(git: Git, base: str | None) -> str:
    if git.attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}") is None and base is None:
        raise WorkspaceError(f"{git.folder}: has no commit yet; make a first one")
    if base is None and git.attempt("symbolic-ref", "--quiet", "HEAD") is None:
        raise WorkspaceError(f"{git.folder}: HEAD is detached; check a branch out, or name the base to begin from")
    wanted = base or "HEAD"
    commit = git.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{wanted}^{{commit}}")
    if commit is None:
        branches = git.attempt("for-each-ref", "--format=%(refname:short)", "--count=10", "refs/heads") or "none"
        raise WorkspaceError(f"{git.folder}: there is no base {wanted!r}; branches: {', '.join(branches.split())}")
    return commit.splitlines()[-1]


def _refuse_dirty(git: Git) -> None:
    status = git.run("status", "--porcelain=v1", "-z", "--untracked-files=normal", "--ignore-submodules=all")
    changed = [entry[3:] for entry in status.split("\0") if entry]
    if changed:
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        raise WorkspaceError(
            f"{git.folder}: has changes that are not committed: {', '.join(changed[:_SHOWN])}{more}; "
            "commit or stash them first"
        )
