"""A run that was killed is put back to the last commit that its journal knows."""

from __future__ import annotations

from pathlib import Path

from agent.workspace.opening import create_workspace, has_workspace, reopen_workspace
from agent.workspace.worktree import GitWorkspace


def made(tmp_path: Path) -> GitWorkspace:
    return create_workspace(
        folder=tmp_path / "new",
        repository=None,
        base=None,
        slug="shop",
        toolchain=tmp_path,
        sandbox="none",
        state=tmp_path / "state",
    )


def test_what_came_after_the_known_commit_is_gone(tmp_path: Path) -> None:
    workspace = made(tmp_path)
    workspace.write({"a.txt": "known"})
    known = workspace.commit("known")
    workspace.write({"a.txt": "later", "b.txt": "later"})
    workspace.commit("later")
    workspace.write({"c/d.txt": "never committed"})

    again = reopen_workspace(tmp_path / "state")
    again.restore(known)

    assert dict(again.read()) == {"a.txt": "known"}
    assert not (again.root / "c").exists()
    assert again.git.run("rev-parse", "HEAD") == known


def test_before_the_first_known_commit_everything_is_gone(tmp_path: Path) -> None:
    assert not has_workspace(tmp_path / "state")
    workspace = made(tmp_path)
    assert has_workspace(tmp_path / "state")
    workspace.write({"a.txt": "1"})
    workspace.commit("unknown to the journal")
    workspace.restore(None)
    assert dict(workspace.read()) == {}
    workspace.write({"b.txt": "2"})
    assert workspace.commit("works again") is not None
