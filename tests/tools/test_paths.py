"""No path leads out of the workspace, and nothing in it makes a tool hang or follow."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.beneath import components
from tools.errors import Refused, ToolError
from tools.files import MAX_FILE_BYTES, Files

SECRET = "outside-secret"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    (root / "src").mkdir(parents=True)
    (root / "src" / "app.py").write_text("app\n")
    (root / ".git" / "hooks").mkdir(parents=True)
    (root / ".git" / "config").write_text("[core]\n")
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "secret").write_text(SECRET)
    return root


def _nothing_prepared(_root: Path) -> None:
    pass


def _link(name: str, target: str) -> Callable[[Path], None]:
    def prepare(root: Path) -> None:
        (root / name).symlink_to(target)

    return prepare


def _pipe(root: Path) -> None:
    os.mkfifo(root / "pipe")


def _socket(root: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(root / "socket"))


def _hard_link(root: Path) -> None:
    os.link(root.parent / "secret", root / "hard")


ATTEMPTS: list[tuple[str, str, Callable[[Path], None]]] = [
    ("parent", "../secret", _nothing_prepared),
    ("parent, further in", "src/../../secret", _nothing_prepared),
    ("parent that would stay inside", "src/../src/app.py", _nothing_prepared),
    ("parent behind the sandbox's name", "/workspace/../secret", _nothing_prepared),
    ("absolute", "/etc/passwd", _nothing_prepared),
    ("absolute, twice the slash", "//etc/passwd", _nothing_prepared),
    ("process root", "/proc/self/root/etc/passwd", _nothing_prepared),
    ("git's configuration", ".git/config", _nothing_prepared),
    ("a hook", ".git/hooks/pre-commit", _nothing_prepared),
    ("git in capitals", ".GIT/config", _nothing_prepared),
    ("git further in", "src/.git/config", _nothing_prepared),
    ("git behind a dot", "./.git/config", _nothing_prepared),
    ("link to a file", "link", _link("link", "../secret")),
    ("absolute link", "link", _link("link", "/etc/passwd")),
    ("link to a folder", "link/secret", _link("link", "../folder")),
    ("link to the root", "link/etc/passwd", _link("link", "/")),
    ("link to itself", "loop", _link("loop", "loop")),
    ("link that stays inside", "inner", _link("inner", "src/app.py")),
    ("link to git", "g/config", _link("g", ".git")),
    ("link to processes", "p/root/etc/passwd", _link("p", "/proc/self")),
    ("link that leads nowhere", "dangling", _link("dangling", "../made")),
    ("pipe", "pipe", _pipe),
    ("socket", "socket", _socket),
    ("NUL", "src/app.py\0.txt", _nothing_prepared),
    ("NUL in the folder", "src\0/app.py", _nothing_prepared),
    ("long name", "x" * 300, _nothing_prepared),
    ("long path", "x/" * 3000 + "y", _nothing_prepared),
    ("no name", "", _nothing_prepared),
    ("the workspace itself", ".", _nothing_prepared),
    ("a folder", "src", _nothing_prepared),
    ("beneath a file", "src/app.py/x", _nothing_prepared),
    ("broken Unicode", "src/\ud800", _nothing_prepared),
]
_IDS = [name for name, _, _ in ATTEMPTS]


@pytest.mark.parametrize(("_name", "path", "prepare"), ATTEMPTS, ids=_IDS)
def test_reading_is_refused(root: Path, _name: str, path: str, prepare: Callable[[Path], None]) -> None:
    prepare(root)
    with pytest.raises(Refused):
        Files(root).read(path)


@pytest.mark.parametrize(("_name", "path", "prepare"), ATTEMPTS, ids=_IDS)
def test_writing_is_refused(root: Path, _name: str, path: str, prepare: Callable[[Path], None]) -> None:
    prepare(root)
    before = _everything(root.parent)
    with pytest.raises(Refused):
        Files(root).write(path, "changed")
    assert _everything(root.parent) == before


@pytest.mark.parametrize(("_name", "path", "prepare"), ATTEMPTS, ids=_IDS)
def test_editing_is_refused(root: Path, _name: str, path: str, prepare: Callable[[Path], None]) -> None:
    prepare(root)
    before = _everything(root.parent)
    with pytest.raises(Refused):
        Files(root).edit(path, "s", "changed")
    assert _everything(root.parent) == before


def test_a_hard_link_is_not_read_and_not_written_through(root: Path) -> None:
    _hard_link(root)
    with pytest.raises(Refused, match="hard links"):
        Files(root).read("hard")
    Files(root).write("hard", "mine")
    assert (root.parent / "secret").read_text() == SECRET
    assert (root / "hard").read_text() == "mine"


def test_deleting_a_link_leaves_its_target(root: Path) -> None:
    (root / "link").symlink_to("../secret")
    Files(root).delete("link")
    assert not (root / "link").is_symlink()
    assert (root.parent / "secret").read_text() == SECRET


@pytest.mark.parametrize("path", ["../secret", ".git/config", "link/secret", "src"])
def test_deleting_is_refused(root: Path, path: str) -> None:
    (root / "link").symlink_to("../folder")
    with pytest.raises(Refused):
        Files(root).delete(path)
    assert (root.parent / "folder" / "secret").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_not_opened(root: Path) -> None:
    os.mknod(root / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    with pytest.raises(Refused, match="no regular file"):
        Files(root).read("zero")


def test_a_huge_file_is_not_read(root: Path) -> None:
    with (root / "huge").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(Refused, match="more than"):
        Files(root).read("huge")


def test_huge_content_is_not_written(root: Path) -> None:
    with pytest.raises(Refused, match="more than"):
        Files(root).write("huge", "x" * (MAX_FILE_BYTES + 1))
    assert not (root / "huge").exists()


def test_links_are_not_listed_and_not_entered(root: Path) -> None:
    (root / "folder").symlink_to("../folder")
    (root / "link").symlink_to("../secret")
    assert [entry.path for entry in Files(root).list().entries] == ["src/app.py"]


def test_what_is_swapped_meanwhile_is_never_followed(root: Path) -> None:
    """One thread swaps a folder for a link to one outside, again and again, while another reads and writes in it."""
    inside, outside, aside = root / "swap", root.parent / "folder", root / "aside"
    inside.mkdir()
    (inside / "secret").write_text("inside")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            inside.rename(aside)
            inside.symlink_to(outside)
            inside.unlink()
            while aside.exists():
                try:
                    aside.rename(inside)
                except OSError:  # the writer has made it anew meanwhile
                    shutil.rmtree(inside)

    swapping = threading.Thread(target=swap, daemon=True)
    swapping.start()
    files, refused = Files(root), 0
    seen: set[str] = set()
    deadline = time.monotonic() + 20
    try:
        while (refused < 200 or not seen) and time.monotonic() < deadline:
            try:
                seen.add(files.text("swap/secret"))
                files.write("swap/secret", "inside")
            except (ToolError, FileNotFoundError):
                refused += 1
    finally:
        stop.set()
        swapping.join()
    assert refused, "the link was met at least once"
    assert seen <= {"inside"}
    assert (outside / "secret").read_text() == SECRET
    assert os.listdir(outside) == ["secret"]  # noqa: PTH208


@given(st.lists(st.sampled_from(["a", ".", "/", "..", "\0", ".git", "/workspace", "\n", "\udc80"]), max_size=12))
def test_components_never_lead_out(parts: list[str]) -> None:
    try:
        names = components("".join(parts))
    except Refused:
        return
    assert not {"..", ".git", "", "."} & set(names)
    assert not any("/" in name or "\0" in name for name in names)


def _everything(folder: Path) -> dict[str, str]:
    """What lies beneath a folder: links by their targets, files by their content."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path)] = f"-> {path.readlink()}"
        elif path.is_file():
            found[str(path)] = path.read_text()
        else:
            found[str(path)] = "folder or special"
    return found
