"""Working in a workspace: commits, trees, files, commands; and nothing of a repository's is ever run."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from agent.workspace.opening import create_workspace
from agent.workspace.worktree import GitWorkspace
from tests.workspace.conftest import Git
from tools.errors import Refused
from tools.sandbox.base import Mounts


def test_a_tree_is_known_by_its_content(workspace: GitWorkspace) -> None:
    empty = workspace.tree()
    workspace.write({"src/app.py": "x = 1\n"})
    first = workspace.tree()
    workspace.write({"src/app.py": "x = 2\n"})
    assert len({empty, first, workspace.tree()}) == 3
    workspace.write({"src/app.py": "x = 1\n"})
    assert workspace.tree() == first


def test_a_commit_holds_the_tree_that_was_named(workspace: GitWorkspace, git: Git) -> None:
    workspace.write({"a.txt": "a", "b/c.txt": "c"})
    tree = workspace.tree()
    commit = workspace.commit("Say what it is\n\nand why")
    assert commit is not None
    assert git(workspace.root, "rev-parse", "HEAD", "HEAD^{tree}").split() == [commit, tree]
    assert git(workspace.root, "status", "--porcelain") == ""
    assert git(workspace.root, "log", "-1", "--format=%B") == "Say what it is\n\nand why"
    assert workspace.tree() == tree


def test_nothing_new_is_no_commit(workspace: GitWorkspace) -> None:
    workspace.write({"a.txt": "a"})
    assert workspace.commit("One") is not None
    assert workspace.commit("Two") is None
    workspace.write({"a.txt": "a"})
    assert workspace.commit("Three") is None


def test_what_is_ignored_stays_out(workspace: GitWorkspace) -> None:
    workspace.write({".gitignore": "*.log\n", "a.log": "no", "a.txt": "yes"})
    workspace.commit("One")
    tree = workspace.tree()
    workspace.write({"b.log": "no"})
    assert workspace.tree() == tree
    assert set(workspace.read()) == {".gitignore", "a.txt"}


async def test_reading_leaves_out_what_is_no_text(workspace: GitWorkspace) -> None:
    workspace.write({"a.txt": "a"})
    made = await workspace.run(
        ["sh", "-c", "ln -s /etc/passwd link; mkfifo pipe; printf '\\377' > binary; ln -s . loop"]
    )
    assert made.ok
    assert dict(workspace.read()) == {"a.txt": "a"}


@pytest.mark.parametrize("path", ["../out.txt", "/etc/evil", ".git/hooks/post-commit", "a/../../b"])
def test_nothing_outside_is_written(workspace: GitWorkspace, path: str) -> None:
    with pytest.raises(Refused):
        workspace.write({path: "x"})


async def test_a_link_made_inside_leads_nowhere(workspace: GitWorkspace, tmp_path: Path) -> None:
    await workspace.run(["sh", "-c", f"ln -s {tmp_path} outside"])
    with pytest.raises(Refused):
        workspace.write({"outside/file": "x"})
    assert not (tmp_path / "file").exists()


async def test_commands_find_the_toolchain(workspace: GitWorkspace) -> None:
    result = await workspace.run(["python", "-c", "import fastapi, sys; print(sys.prefix)"])
    assert result.stdout.strip() == str(workspace.toolchain), result.stderr
    assert (await workspace.run(["ruff", "--version"])).ok


async def test_the_toolchain_cannot_be_changed(workspace: GitWorkspace) -> None:
    result = await workspace.run(["sh", "-c", f"touch {workspace.toolchain}/bin/x || echo REFUSED"])
    assert "REFUSED" in result.stdout


async def test_what_commands_write_is_committed(workspace: GitWorkspace, git: Git) -> None:
    workspace.write({"a.txt": "1\n"})
    result = await workspace.run(
        ["sh", "-c", "umask 077; mkdir -p deep; echo 2 > deep/b.txt; echo 2 >> a.txt; chmod +x a.txt"]
    )
    assert result.ok, result.output
    workspace.commit("Both")
    assert git(workspace.root, "ls-tree", "-r", "--format=%(objectmode) %(path)", "HEAD").splitlines() == [
        "100755 a.txt",
        "100644 deep/b.txt",
    ]
    workspace.write({"deep/b.txt": "3\n"})
    assert (await workspace.run(["sh", "-c", "echo 4 >> deep/b.txt; cat deep/b.txt"])).stdout == "3\n4\n"


async def test_a_repository_inside_is_recorded_as_files(workspace: GitWorkspace, tmp_path: Path, git: Git) -> None:
    """Git asks the configuration of repositories that it finds beneath; one that a command made must not be asked."""
    marker = tmp_path / "ran"
    nested = f"git init -q sub; git -C sub config core.fsmonitor 'touch {marker}; false'; echo x > sub/file"
    linked = "git init -q a; mv a/.git a/x; ln -s x a/.git"
    assert (await workspace.run(["sh", "-c", f"{nested}; {linked}"])).ok
    workspace.commit("All")
    assert "sub/file" in git(workspace.root, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert not (workspace.root / "sub" / ".git").exists()
    assert not marker.exists()


async def test_a_service_sees_the_worktree_read_only(workspace: GitWorkspace) -> None:
    async with workspace.start(["sh", "-c", "touch here || echo REFUSED; sleep 60"]) as service:
        while "REFUSED" not in service.log():
            assert service.running, service.log()
            await asyncio.sleep(0.02)


async def test_mounts_are_added_to_the_toolchain(workspace: GitWorkspace, tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "f").write_text("content")
    result = await workspace.run(
        ["python", "-c", "print(open('/run/g/f').read())"], mounts=Mounts(bound={tmp_path / "given": "/run/g"})
    )
    assert result.stdout == "content\n"


def test_restoring_goes_back_to_a_commit(workspace: GitWorkspace) -> None:
    workspace.write({"a.txt": "1", ".gitignore": "*.log\n"})
    first = workspace.commit("One")
    workspace.write({"a.txt": "2", "b.txt": "2", "c.log": "kept"})
    workspace.commit("Two")
    workspace.write({"d.txt": "3"})
    workspace.restore(first)
    assert dict(workspace.read()) == {"a.txt": "1", ".gitignore": "*.log\n"}
    workspace.restore(None)
    assert set(workspace.read()) == {"c.log"}, "it was ignored, and is kept"
    workspace.write({"a.txt": "again"})
    assert workspace.commit("Anew") is not None


async def test_what_was_restored_can_be_changed_by_commands(workspace: GitWorkspace) -> None:
    workspace.write({"src/a.txt": "1\n"})
    first = workspace.commit("One")
    workspace.write({"src/a.txt": "2\n"})
    workspace.restore(first)
    assert (await workspace.run(["sh", "-c", "echo more >> src/a.txt"])).ok
    assert workspace.read()["src/a.txt"] == "1\nmore\n"


def test_nothing_of_a_hostile_repository_is_run(repository: Path, toolchain: Path, tmp_path: Path, git: Git) -> None:
    """Hooks, monitor, filters, signing, editor, pager, diff, included settings: each would leave a mark."""
    marks = tmp_path / "marks"
    marks.mkdir()
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {marks}/ran\ncat\n')
    program.chmod(0o755)
    for hook in (
        "pre-commit",
        "post-commit",
        "post-checkout",
        "reference-transaction",
        "post-index-change",
        "commit-msg",
    ):
        (repository / ".git" / "hooks" / hook).unlink(missing_ok=True)
        (repository / ".git" / "hooks" / hook).symlink_to(program)
    (repository / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n")
    git(repository, "add", ".")
    git(repository, "-c", f"core.hooksPath={marks}", "commit", "-q", "-m", "Attributes")
    included = tmp_path / "included"
    included.write_text(
        f'[filter "more"]\n\tclean = {program}\n\tprocess = {program}\n[core]\n\tfsmonitor = {program}\n'
    )
    for key, value in {
        "include.path": str(included),
        "core.hooksPath": str(repository / ".git" / "hooks"),
        "core.fsmonitor": str(program),
        "core.sshCommand": str(program),
        "core.editor": str(program),
        "core.pager": str(program),
        "commit.gpgSign": "true",
        "gpg.program": str(program),
        "diff.external": str(program),
        "diff.evil.textconv": str(program),
        "filter.evil.clean": str(program),
        "filter.evil.smudge": str(program),
        "filter.evil.process": str(program),
        "filter.evil.required": "true",
        "merge.evil.driver": str(program),
        "credential.helper": str(program),
    }.items():
        git(repository, "config", key, value)
    (marks / "ran").unlink(missing_ok=True)

    workspace = create_workspace(
        folder=None,
        repository=repository,
        base="main",
        slug="x",
        toolchain=toolchain,
        sandbox="auto",
        state=tmp_path / "state",
    )
    workspace.write({"a.txt": "a\n", ".gitattributes": "* filter=more text=auto\n"})
    commit = workspace.commit("Work")
    workspace.write({"a.txt": "b\n"})
    workspace.tree()
    workspace.restore(commit)
    workspace.read()
    assert not (marks / "ran").exists(), (marks / "ran").read_text()
    assert workspace.git.run("show", f"{commit}:a.txt") == "a"


def test_the_callers_git_variables_do_not_lead_astray(
    workspace: GitWorkspace, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the runtime is called from a hook."""
    for name, value in {
        "GIT_DIR": str(repository / ".git"),
        "GIT_WORK_TREE": str(repository),
        "GIT_INDEX_FILE": str(repository / ".git" / "index"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.bare",
        "GIT_CONFIG_VALUE_0": "true",
    }.items():
        monkeypatch.setenv(name, value)
    before = (repository / ".git" / "index").read_bytes()
    workspace.write({"a.txt": "a"})
    assert workspace.commit("Here") is not None
    assert (repository / ".git" / "index").read_bytes() == before
    assert (workspace.root / ".git" / "refs" / "heads" / "agent" / "books").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can own another's repository")
def test_a_repository_of_another_user_can_be_worked_on(repository: Path, toolchain: Path, tmp_path: Path) -> None:
    for path in (repository, *repository.rglob("*")):
        os.chown(path, 64321, 64321)
    workspace = create_workspace(
        folder=None,
        repository=repository,
        base=None,
        slug="x",
        toolchain=toolchain,
        sandbox="auto",
        state=tmp_path / "state",
    )
    workspace.write({"a.txt": "a"})
    assert workspace.commit("Work") is not None
