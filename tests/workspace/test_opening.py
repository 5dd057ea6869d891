"""Where a run works: on a branch of its own, and whatever cannot be used is refused with nothing changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.errors import WorkspaceError
from agent.workspace.opening import (
    create_workspace,
    discard,
    has_workspace,
    reopen_workspace,
    snapshot_workspace,
)
from agent.workspace.worktree import GitWorkspace
from tests.workspace.conftest import Git


@pytest.fixture
def create(tmp_path: Path, toolchain: Path) -> Callable[..., GitWorkspace]:
    def make(**wanted: Any) -> GitWorkspace:
        given = {"folder": None, "repository": None, "base": None, "slug": "books", "state": tmp_path / "state"}
        return create_workspace(toolchain=toolchain, sandbox="auto", **{**given, **wanted})

    return make


Create = Callable[..., GitWorkspace]


def _snapshot(folder: Path) -> dict[str, bytes | str]:
    return {
        str(path): path.read_bytes() if path.is_file() and not path.is_symlink() else "folder"
        for path in sorted(folder.rglob("*"))
    }


def test_a_new_folder_becomes_a_repository(create: Create, tmp_path: Path, git: Git) -> None:
    workspace = create(folder=tmp_path / "deep" / "new")
    assert workspace.branch == "agent/books"
    assert git(workspace.root, "symbolic-ref", "HEAD") == "refs/heads/agent/books"
    assert workspace.root == tmp_path / "deep" / "new"


def test_an_empty_folder_may_be_used(create: Create, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert create(folder=tmp_path / "empty").root == tmp_path / "empty"


def test_without_a_folder_the_run_keeps_the_worktree(create: Create, tmp_path: Path) -> None:
    assert create().root.is_relative_to(tmp_path / "state")


def test_a_repository_gets_a_branch_in_a_worktree_of_its_own(create: Create, repository: Path, git: Git) -> None:
    workspace = create(repository=repository)
    assert workspace.read() == {"README.md": "theirs\n"}
    workspace.write({"app.py": "x = 1\n"})
    commit = workspace.commit("Add the service")
    assert git(repository, "rev-parse", "agent/books") == commit
    assert (
        git(repository, "log", "--format=%an <%ae>", "-1", "agent/books") == "Backend Developer Agent <agent@localhost>"
    )
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "symbolic-ref", "--short", "HEAD") == "main"
    assert not (repository / "app.py").exists()


def test_work_begins_at_the_base(create: Create, repository: Path, git: Git) -> None:
    git(repository, "checkout", "-q", "-b", "develop")
    (repository / "more.txt").write_text("more\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "More")
    git(repository, "checkout", "-q", "main")
    assert set(create(repository=repository, base="develop").read()) == {"README.md", "more.txt"}


def test_an_existing_branch_is_never_overwritten(create: Create, repository: Path, git: Git, tmp_path: Path) -> None:
    git(repository, "branch", "agent/books")
    git(repository, "branch", "agent/books-2")
    before = git(repository, "rev-parse", "agent/books", "agent/books-2")
    workspace = create(repository=repository)
    workspace.write({"a.txt": "a"})
    workspace.commit("Work")
    assert workspace.branch == "agent/books-3"
    assert git(repository, "rev-parse", "agent/books", "agent/books-2") == before
    assert create(repository=repository, state=tmp_path / "other").branch == "agent/books-4"


def test_a_detached_head_needs_a_base(create: Create, repository: Path, git: Git) -> None:
    git(repository, "checkout", "-q", "--detach")
    with pytest.raises(WorkspaceError, match="detached"):
        create(repository=repository)
    assert create(repository=repository, base="main").branch == "agent/books"


def _dirty(repository: Path, _git: Git) -> None:
    (repository / "README.md").write_text("changed\n")


def _untracked(repository: Path, _git: Git) -> None:
    (repository / "new.txt").write_text("new\n")


def _staged(repository: Path, git: Git) -> None:
    (repository / "new.txt").write_text("new\n")
    git(repository, "add", "new.txt")


def _locked(repository: Path, _git: Git) -> None:
    (repository / ".git" / "index.lock").touch()


def _merging(repository: Path, git: Git) -> None:
    (repository / ".git" / "MERGE_HEAD").write_text(git(repository, "rev-parse", "HEAD"))


def _rebasing(repository: Path, _git: Git) -> None:
    (repository / ".git" / "rebase-merge").mkdir()


def _unborn(repository: Path, git: Git) -> None:
    git(repository, "checkout", "-q", "--orphan", "empty")


def _bare(repository: Path, git: Git) -> None:
    git(repository.parent, "clone", "-q", "--bare", str(repository), "bare")
    shutil.rmtree(repository)
    (repository.parent / "bare").rename(repository)


def _no_repository(repository: Path, _git: Git) -> None:
    shutil.rmtree(repository / ".git")


def _broken(repository: Path, _git: Git) -> None:
    (repository / ".git" / "HEAD").write_text("nonsense\n")


def _branch_in_the_way(repository: Path, git: Git) -> None:
    git(repository, "branch", "agent")


@pytest.mark.parametrize(
    ("spoil", "base", "says"),
    [
        (_dirty, None, "not committed: README.md"),
        (_untracked, None, "not committed: new.txt"),
        (_staged, None, "not committed: new.txt"),
        (_locked, None, "locked"),
        (_merging, None, "a merge is under way"),
        (_rebasing, None, "a rebase is under way"),
        (_unborn, None, "no commit yet"),
        (_bare, None, "bare"),
        (_no_repository, None, "no git repository"),
        (_broken, None, "no git repository"),
        (_branch_in_the_way, None, "agent"),
        (lambda *_: None, "nowhere", "no base 'nowhere'; branches: main"),
        (lambda *_: None, "--help", "no base '--help'"),
        (lambda *_: None, "HEAD:README.md", "no base"),
    ],
)
def test_what_cannot_be_worked_on_is_refused_unchanged(
    create: Create,
    repository: Path,
    git: Git,
    tmp_path: Path,
    spoil: Callable[[Path, Git], None],
    base: str | None,
    says: str,
) -> None:
    spoil(repository, git)
    before = _snapshot(repository)
    with pytest.raises(WorkspaceError, match=says):
        create(repository=repository, base=base)
    assert _snapshot(repository) == before
    assert not list((tmp_path / "state").glob("*"))


def test_a_folder_inside_a_repository_is_refused(create: Create, repository: Path) -> None:
    (repository / "sub").mkdir()
    with pytest.raises(WorkspaceError, match="inside the repository"):
        create(repository=repository / "sub")


def test_a_folder_with_something_in_it_is_refused(create: Create, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious.txt").write_text("mine")
    with pytest.raises(WorkspaceError, match="not empty"):
        create(folder=tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["precious.txt"]


def test_a_repository_as_new_folder_is_refused(create: Create, repository: Path) -> None:
    with pytest.raises(WorkspaceError, match="is a git repository already"):
        create(folder=repository)


@pytest.mark.parametrize("slug", ["..", "a b", "-x~", "", "a..b", "x.lock"])
def test_what_is_no_branch_name_is_refused(create: Create, tmp_path: Path, slug: str) -> None:
    with pytest.raises(WorkspaceError, match="no name for a branch"):
        create(folder=tmp_path / "new", slug=slug)
    assert not (tmp_path / "new").exists()


def test_a_workspace_is_found_again(create: Create, tmp_path: Path) -> None:
    made = create(folder=tmp_path / "new")
    made.write({"a.txt": "a"})
    made.commit("One")
    (made.root / ".git" / "index.lock").touch()  # as a killed run leaves it
    again = reopen_workspace(tmp_path / "state")
    assert (again.root, again.branch, again.toolchain) == (made.root, made.branch, made.toolchain)
    assert again.commit("Nothing new") is None
    again.write({"b.txt": "b"})
    assert again.commit("Two") is not None


def test_a_workspace_that_is_gone_is_said_to_be(create: Create, tmp_path: Path) -> None:
    assert not has_workspace(tmp_path / "state")
    with pytest.raises(WorkspaceError, match="no workspace was made"):
        reopen_workspace(tmp_path / "state")
    shutil.rmtree(create().root)
    assert has_workspace(tmp_path / "state")
    with pytest.raises(WorkspaceError, match="is gone"):
        reopen_workspace(tmp_path / "state")


def test_a_branch_that_was_left_is_noticed(create: Create, tmp_path: Path, repository: Path, git: Git) -> None:
    workspace = create(repository=repository)
    git(workspace.root, "checkout", "-q", "-b", "elsewhere")
    with pytest.raises(WorkspaceError, match="refs/heads/elsewhere and not on agent/books"):
        reopen_workspace(tmp_path / "state")


def test_discarding_leaves_the_repository_as_it_was(create: Create, repository: Path, git: Git) -> None:
    before = git(repository, "branch", "--list")
    workspace = create(repository=repository)
    discard(workspace)
    assert git(repository, "branch", "--list") == before
    assert len(git(repository, "worktree", "list").splitlines()) == 1
    assert not workspace.root.exists()


def test_discarding_never_takes_commits(create: Create, repository: Path, git: Git, tmp_path: Path) -> None:
    for given in ({"repository": repository, "state": tmp_path / "one"}, {"folder": tmp_path / "new"}):
        workspace = create(**given)
        workspace.write({"a.txt": "a"})
        workspace.commit("Work")
        discard(workspace)
        assert git(workspace.root, "log", "--format=%s", "-1") == "Work"


class TestSnapshot:
    """Checking a folder works on a copy."""

    @pytest.fixture
    def delivered(self, tmp_path: Path) -> Path:
        folder = tmp_path / "delivered"
        (folder / "src").mkdir(parents=True)
        (folder / ".venv").mkdir()
        (folder / "src" / "app.py").write_text("x = 1\n")
        (folder / ".venv" / "big").write_text("no")
        (folder / ".gitignore").write_text("*.log\n")
        (folder / "a.log").write_text("no")
        (folder / "link").symlink_to("/etc/passwd")
        os.mkfifo(folder / "pipe")
        return folder

    def test_it_holds_the_files_that_count(self, delivered: Path, toolchain: Path, tmp_path: Path) -> None:
        before = _snapshot(delivered / "src"), sorted(os.listdir(delivered))  # noqa: PTH208
        workspace = snapshot_workspace(delivered, toolchain=toolchain, sandbox="auto", state=tmp_path / "state")
        assert dict(workspace.read()) == {".gitignore": "*.log\n", "src/app.py": "x = 1\n"}
        assert not workspace.root.is_relative_to(delivered)
        workspace.write({"src/app.py": "changed"})
        assert (_snapshot(delivered / "src"), sorted(os.listdir(delivered))) == before  # noqa: PTH208

    def test_of_a_repository_too(self, repository: Path, toolchain: Path, tmp_path: Path, git: Git) -> None:
        (repository / "README.md").write_text("not committed\n")
        before = git(repository, "status", "--porcelain")
        workspace = snapshot_workspace(repository, toolchain=toolchain, sandbox="auto", state=tmp_path / "state")
        assert dict(workspace.read()) == {"README.md": "not committed\n"}
        discard(workspace)
        assert not workspace.root.exists()
        assert git(repository, "status", "--porcelain") == before

    @pytest.mark.parametrize("name", ["missing", "empty"])
    def test_nothing_to_check_is_said(self, toolchain: Path, tmp_path: Path, name: str) -> None:
        (tmp_path / "empty").mkdir()
        with pytest.raises(WorkspaceError, match=name):
            snapshot_workspace(tmp_path / name, toolchain=toolchain, sandbox="auto", state=tmp_path / "state")
