"""Whether a repository is laid out so that what git writes for it stays in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from agent.errors import WorkspaceError
from agent.workspace.git import Git

_WRITTEN = ("HEAD", "config", "config.worktree", "index", "info", "logs", "objects", "packed-refs", "refs", "worktrees")
"""What git writes or follows at the top of its folder."""


def git_dir_of(repository: Path) -> Path:
    """The git folder of a repository. Raises WorkspaceError, saying what to do, when git would write elsewhere."""
    found = Git(repository).attempt("rev-parse", "--is-bare-repository", "--absolute-git-dir")
    if found is None:
        raise WorkspaceError(f"{repository}: is no git repository; run `git init` and commit, or name a new folder")
    bare, _, named = found.partition("\n")
    git_dir = Path(named)
    if bare == "true" or git_dir == repository:
        raise WorkspaceError(f"{repository}: is a bare repository; give a clone of it that has files")
    top = Git(repository).run("rev-parse", "--show-toplevel")
    if Path(top).resolve() != repository.resolve():
        raise WorkspaceError(f"{repository}: lies inside the repository {top}; give that folder")
    _refuse_elsewhere(repository, git_dir)
    return git_dir


def _refuse_elsewhere(repository: Path, git_dir: Path) -> None:
    dot, common = repository / ".git", _common(repository)
    if dot.is_symlink():
        raise WorkspaceError(f"{repository}: its .git is a symbolic link to {dot.resolve()}; give a clone of it")
    if dot.is_file() and not _knows(git_dir, repository):
        raise WorkspaceError(f"{repository}: its .git leads to {git_dir}, which does not belong to it; give a clone")
    if common not in (git_dir, git_dir.parent.parent):
        raise WorkspaceError(f"{repository}: its .git shares {common}, which does not belong to it; give a clone")
    for link in _links(git_dir, common):
        raise WorkspaceError(f"{repository}: {link} is a symbolic link; git would write through it; give a clone")


def _common(repository: Path) -> Path:
    return Path(Git(repository).run("rev-parse", "--path-format=absolute", "--git-common-dir"))


def _knows(git_dir: Path, repository: Path) -> bool:
    """True when the git folder of a linked worktree or a submodule names this folder as its own."""
    back = git_dir / "gitdir"
    if back.is_file() and not back.is_symlink():
        return (git_dir / back.read_text().strip()).resolve() == repository.resolve() / ".git"
    worktree = Git(repository, git_dir).attempt("config", "--get", "core.worktree")
    return worktree is not None and (git_dir / worktree).resolve() == repository.resolve()


def _links(*git_dirs: Path) -> Iterator[Path]:
    for git_dir in dict.fromkeys(git_dirs):
        yield from (git_dir / name for name in _WRITTEN if (git_dir / name).is_symlink())
        yield from (path for path in (git_dir / "objects").glob("*") if path.is_symlink())
        for name in ("refs", "logs"):
            for folder, folders, files in os.walk(git_dir / name):
                yield from (path for one in (*folders, *files) if (path := Path(folder, one)).is_symlink())
