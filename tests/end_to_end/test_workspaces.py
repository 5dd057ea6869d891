"""A user's repository and a folder to verify: added to, or only read."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.processes import BRIEFLY, Answer, Home

TINY = Path(__file__).with_name("tiny")


def git(folder: Path, *arguments: str) -> str:
    """What git answers."""
    who = ("-c", "user.name=Someone", "-c", "user.email=someone@localhost", "-c", "commit.gpgSign=false")
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, git's own left out."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A place for runs, with the tiny task for a repository `shop` that has a file and a commit."""
    folder = tmp_path_factory.mktemp("workspaces")
    shutil.copytree(TINY, folder / "tiny")
    with (folder / "tiny" / "task.yaml").open("a") as task:
        task.write("workspace: {repository: ../shop, base: main}\n")
    schema = folder / "tiny" / "schema.sql"
    schema.write_text(f"CREATE EXTENSION nowhere;\n{schema.read_text()}")
    (folder / "shop").mkdir()
    git(folder / "shop", "init", "-q", "-b", "main")
    (folder / "shop" / "NOTES.md").write_text("theirs\n")
    git(folder / "shop", "add", ".")
    git(folder / "shop", "commit", "-q", "-m", "First")
    git(folder / "shop", "checkout", "-q", "-b", "their-work")
    return Home(folder)


@pytest.fixture(scope="module")
def delivered(home: Home) -> Answer:
    return home.call("run", "tiny/task.yaml", *BRIEFLY, "--json")


def test_a_repository_gets_a_branch_and_keeps_everything_else(home: Home, delivered: Answer) -> None:
    assert delivered.code == 0, delivered.err
    shop, delivery = home.folder / "shop", delivered.json
    assert content(shop) == {"NOTES.md": b"theirs\n"}
    assert git(shop, "status", "--porcelain", "--branch") == "## their-work\n"
    assert git(shop, "branch", "--format=%(refname:short)").split() == ["agent/notes", "main", "their-work"]
    assert git(shop, "rev-parse", "agent/notes").strip() == delivery["commit"]
    assert git(shop, "rev-parse", "agent/notes^") == git(shop, "rev-parse", "main")
    assert "NOTES.md" in git(shop, "ls-tree", "--name-only", "agent/notes").split()
    assert Path(delivery["worktree"]).is_relative_to(home.folder / "runs")


def test_what_was_left_out_of_the_schema_is_told(home: Home, delivered: Answer) -> None:
    assert delivered.code == 0, delivered.err
    (warning,) = delivered.json["warnings"]
    assert warning.startswith(f"{home.folder}/tiny/schema.sql:1: left out, because nothing needs it: extension")


def test_the_next_run_gets_a_name_and_a_branch_of_its_own(home: Home, delivered: Answer) -> None:
    assert delivered.code == 0, delivered.err
    running = home.start("run", "tiny/task.yaml")
    running.until(home, "notes-2", "workspace opened")
    running.process.send_signal(signal.SIGTERM)
    assert running.wait().code == 130
    opened = next(event for event in home.events("notes-2") if event["kind"] == "workspace opened")
    assert opened["branch"] == "agent/notes-2"
    assert git(home.folder / "shop", "rev-parse", "agent/notes").strip() == delivered.json["commit"]


def test_what_was_delivered_verifies_and_is_only_read(home: Home, delivered: Answer) -> None:
    folder = Path(delivered.json["worktree"])
    before = content(folder)
    inputs = ("--api", TINY / "openapi.yaml", "--schema", TINY / "schema.sql")
    answer = home.call("verify", folder, *inputs, *BRIEFLY, "--json")
    assert answer.code == 0, answer.err
    assert content(folder) == before
    assert git(folder, "status", "--porcelain") == ""
    verdict = answer.json["verdict"]
    assert {(one["rule"], one["subject"]) for one in verdict["receipts"]} == {
        (one["rule"], one["subject"]) for one in delivered.json["verdict"]["receipts"]
    }
    assert (answer.json["run"], answer.json["branch"]) == ("", None)
    assert sorted(path.name for path in (home.folder / "runs").iterdir()) == ["notes-1", "notes-2"]
