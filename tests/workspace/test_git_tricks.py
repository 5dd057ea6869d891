"""Nothing that a repository plants is run outside the sandbox, by any step of a run or of a verification."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import WorkspaceError
from agent.workspace.opening import check_place, create_workspace, discard, reopen_workspace, snapshot_workspace
from tests.workspace.git_tricks import TRICKS, Place, set_off

REFUSED = {
    "partial clone with a missing object": "give a full clone",
    ".git file to a tracked folder": "does not belong to it",
    ".git file to elsewhere": "does not belong to it",
    ".git is a link": "symbolic link",
    "bare repository at the top": "bare",
}
"""What cannot be worked on at all; everything else is worked on with the trick switched off."""


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "marker"


@pytest.fixture
def place(repository: Path, marker: Path) -> Place:
    program = repository.parent / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {marker}\nexit 0\n')
    program.chmod(0o755)
    return Place(repository, program)


@pytest.mark.parametrize("name", TRICKS)
def test_it_goes_off_with_plain_git(name: str, place: Place, marker: Path) -> None:
    TRICKS[name].plant(place)
    marker.unlink(missing_ok=True)
    set_off(TRICKS[name], place)
    assert marker.exists()


@pytest.mark.parametrize("name", TRICKS)
def test_it_does_not_go_off_in_a_run(name: str, place: Place, marker: Path, tmp_path: Path) -> None:
    TRICKS[name].plant(place)
    marker.unlink(missing_ok=True)
    branches = place.repository / ".git" / "refs" / "heads"
    if name in REFUSED:
        with pytest.raises(WorkspaceError, match=REFUSED[name]):
            _work(place.repository, tmp_path / "state")
        assert not list(branches.glob("agent/*"))
    else:
        _work(place.repository, tmp_path / "state")
    assert not marker.exists(), marker.read_text()


@pytest.mark.parametrize("name", TRICKS)
def test_it_does_not_go_off_in_a_verification(name: str, place: Place, marker: Path, tmp_path: Path) -> None:
    TRICKS[name].plant(place)
    marker.unlink(missing_ok=True)
    workspace = snapshot_workspace(place.repository, toolchain=tmp_path, sandbox="none", state=tmp_path / "state")
    workspace.tree()
    assert "README.md" in workspace.read()
    discard(workspace)
    assert not marker.exists(), marker.read_text()


def _work(repository: Path, state: Path) -> None:
    """Every step that a run asks git for."""
    check_place(folder=None, repository=repository, base=None)
    workspace = create_workspace(
        folder=None, repository=repository, base=None, slug="x", toolchain=state, sandbox="none", state=state
    )
    workspace.write({"new.md": "new\n"})
    workspace.tree()
    known = workspace.commit("One")
    workspace.write({"README.md": "changed\n", "src/more.md": "more\n"})
    workspace.commit("Two")
    workspace.write({"README.md": "changed again\n"})
    again = reopen_workspace(state)
    again.restore(known)
    assert "new.md" in again.read()
    again.restore(None)
    discard(again)


def _refs(place: Place) -> Path:
    moved = place.beside("refs")
    (place.repository / ".git" / "refs").rename(moved)
    (place.repository / ".git" / "refs").symlink_to(moved)
    return moved


def _branches(place: Place) -> Path:
    place.beside("target").mkdir()
    (place.repository / ".git" / "refs" / "heads" / "agent").symlink_to(place.beside("target"))
    return place.beside("target")


def _log(place: Place) -> Path:
    place.beside("log").touch()
    (place.repository / ".git" / "logs" / "refs" / "heads" / "agent").mkdir(parents=True)
    (place.repository / ".git" / "logs" / "refs" / "heads" / "agent" / "x").symlink_to(place.beside("log"))
    return place.beside("log")


def _objects(place: Place) -> Path:
    moved = place.beside("objects")
    (place.repository / ".git" / "objects").rename(moved)
    (place.repository / ".git" / "objects").symlink_to(moved)
    return moved


def _some_objects(place: Place) -> Path:
    place.beside("target").mkdir()
    for number in range(256):
        if not (folder := place.repository / ".git" / "objects" / f"{number:02x}").exists():
            folder.symlink_to(place.beside("target"))
    return place.beside("target")


def _worktrees(place: Place) -> Path:
    place.beside("target").mkdir()
    (place.repository / ".git" / "worktrees").symlink_to(place.beside("target"))
    return place.beside("target")


def _commondir(place: Place) -> Path:
    """The git folder shares those of another repository."""
    place.git("clone", "-q", ".", str(place.beside("precious")))
    (place.repository / ".git" / "commondir").write_text(str(place.beside("precious") / ".git"))
    return place.beside("precious")


def _work_tree(place: Place) -> Path:
    """The files of the repository are said to be elsewhere."""
    place.git("clone", "-q", ".", str(place.beside("precious")))
    place.config(core__worktree=str(place.beside("precious")))
    return place.beside("precious")


def _head(place: Place) -> Path:
    place.beside("target").touch()
    (place.repository / ".git" / "HEAD").write_text("ref: ../../target\n")
    return place.beside("target")


@pytest.mark.parametrize(
    "plant",
    [_refs, _branches, _log, _objects, _some_objects, _worktrees, _commondir, _work_tree, _head],
)
def test_nothing_is_written_outside_the_repository(
    plant: Callable[[Place], Path], place: Place, tmp_path: Path
) -> None:
    outside = plant(place)
    before = _content(outside)
    with pytest.raises(WorkspaceError, match=str(place.repository)):
        _work(place.repository, tmp_path / "state")
    assert _content(outside) == before


def _content(path: Path) -> dict[str, bytes]:
    paths = path.rglob("*") if path.is_dir() else [path]
    return {str(one): one.read_bytes() if one.is_file() else b"" for one in paths}


def test_a_linked_worktree_of_the_users_own_can_be_worked_on(place: Place, tmp_path: Path) -> None:
    place.git("worktree", "add", "-q", "-b", "theirs", str(place.beside("linked")))
    _work(place.beside("linked"), tmp_path / "state")


def test_a_submodule_can_be_worked_on(place: Place, tmp_path: Path) -> None:
    TRICKS["submodule.update"].plant(place)
    place.git("checkout", "-q", "main", at=place.repository / "part")
    _work(place.repository / "part", tmp_path / "state")


def test_names_of_branches_and_tags_mean_nothing_to_a_shell(place: Place, marker: Path, tmp_path: Path) -> None:
    head = place.repository / ".git" / "refs" / "heads"
    for name in (f"$(touch${{IFS}}{marker})".replace("/", "_"), f"--upload-pack={place.program.name}", "`x`;y|z"):
        (head / name).write_text((head / "main").read_text())
    _work(place.repository, tmp_path / "state")
    assert not marker.exists()


INDEX_ENTRIES = (b".git/hooks/post-checkout", b"../outside", b"/absolute", b"a/../../outside")


@pytest.mark.parametrize("path", INDEX_ENTRIES)
def test_an_index_with_paths_that_lead_out_is_refused(path: bytes, place: Place, tmp_path: Path) -> None:
    """Written by hand, because git itself would not write it."""
    entry = struct.pack(">10I20sH", *[0] * 6, 0o100755, 0, 0, 0, bytes(20), len(path)) + path
    content = b"DIRC" + struct.pack(">2I", 2, 1) + entry + bytes(8 - len(entry) % 8)
    (place.repository / ".git" / "index").write_bytes(content + hashlib.sha1(content).digest())
    with pytest.raises(WorkspaceError):
        _work(place.repository, tmp_path / "state")
    assert not (place.repository / ".git" / "hooks" / "post-checkout").exists()
    assert not place.beside("outside").exists()
