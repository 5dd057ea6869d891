"""Reading, writing and exact edits."""

from __future__ import annotations

import ast
import os
import stat
from pathlib import Path

import pytest

from tools.editing import replace_once
from tools.errors import EditFailed, Refused
from tools.files import MAX_LINE, MAX_SHOWN_BYTES, Files


def _python(path: str, content: str) -> str | None:
    if not path.endswith(".py"):
        return None
    try:
        ast.parse(content)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    return None


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path, check=_python)


def test_what_is_written_is_read(files: Files) -> None:
    files.write("src/deep/app.py", "x = 'ä€'\r\ny = 2")
    assert files.text("src/deep/app.py") == "x = 'ä€'\r\ny = 2"
    assert files.text("/workspace/src/deep/app.py") == "x = 'ä€'\r\ny = 2"


def test_lines_can_be_numbered_and_chosen(files: Files) -> None:
    files.write("a.txt", "one\ntwo\nthree\n")
    assert files.read("a.txt", first=2, count=1, numbered=True) == "     2\ttwo\n"
    assert files.read("a.txt", first=9) == ""


def test_long_files_are_cut_with_where_to_read_on(files: Files) -> None:
    files.write("a.txt", "".join(f"line {number}\n" for number in range(1, 20_001)))
    text = files.read("a.txt")
    assert len(text.encode()) < MAX_SHOWN_BYTES + 200
    following = int(text.rsplit("from line ", 1)[1].split(" ")[0])
    assert files.read("a.txt", first=following, count=1) == f"line {following}\n"


def test_long_lines_are_cut(files: Files) -> None:
    files.write("a.txt", "x" * 100_000)
    assert len(files.read("a.txt")) < MAX_LINE + 100


def test_binary_files_are_refused(files: Files, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(b"\x89PNG\xff\x00")
    with pytest.raises(Refused, match="UTF-8"):
        files.read("image")


def test_a_missing_file_is_missing(files: Files) -> None:
    with pytest.raises(FileNotFoundError):
        files.read("nothing/here.py")


def test_writing_keeps_permissions_and_leaves_nothing_beside(files: Files, tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("old")
    (tmp_path / "run.sh").chmod(0o755)
    files.write("run.sh", "new")
    assert stat.S_IMODE((tmp_path / "run.sh").stat().st_mode) == 0o755
    assert [path.name for path in tmp_path.iterdir()] == ["run.sh"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to another user")
def test_what_root_writes_belongs_to_whom_the_folder_belongs(files: Files, tmp_path: Path) -> None:
    os.chown(tmp_path, 64999, 64999)
    files.write("src/deep/a.txt", "x")
    assert {(tmp_path / name).stat().st_uid for name in ("src", "src/deep", "src/deep/a.txt")} == {64999}


def test_an_edit_replaces_the_only_occurrence(files: Files) -> None:
    files.write("a.py", "x = 1\ny = 2\n")
    files.edit("a.py", "y = 2", "y = 3")
    assert files.text("a.py") == "x = 1\ny = 3\n"


def test_an_edit_that_breaks_the_syntax_changes_nothing(files: Files) -> None:
    files.write("a.py", "def f():\n    return 1\n")
    with pytest.raises(EditFailed, match=r"a\.py: not edited.*line 1"):
        files.edit("a.py", "def f():", "def f(:")
    assert files.text("a.py") == "def f():\n    return 1\n"


def test_a_broken_file_may_be_mended_in_steps(files: Files, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f(:\n    return (\n")
    files.edit("a.py", "def f(:", "def f():")
    files.edit("a.py", "return (", "return 1")
    assert files.text("a.py") == "def f():\n    return 1\n"


def test_a_new_file_with_broken_syntax_is_not_written(files: Files, tmp_path: Path) -> None:
    with pytest.raises(EditFailed, match="not written"):
        files.write("a.py", "def (")
    assert not (tmp_path / "a.py").exists()


def test_several_occurrences_are_named() -> None:
    with pytest.raises(EditFailed, match=r"a\.py: the text occurs 2 times, at lines 1, 3"):
        replace_once("x = 1\ny = 2\nx = 1\n", "x = 1", "x = 2", place="a.py")


def test_a_near_miss_shows_what_is_there() -> None:
    text = "import os\n\n\ndef total(items: list[int]) -> int:\n    return sum(items)\n\n\ndef other() -> None: ...\n"
    with pytest.raises(EditFailed) as failure:
        replace_once(text, "def total(items):\n    return sum(items)\n", "", place="a.py")
    message = str(failure.value)
    assert "line 4:" in message
    assert "- def total(items):" in message
    assert "+ def total(items: list[int]) -> int:" in message
    assert "      return sum(items)" in message


def test_a_difference_in_white_space_alone_is_said() -> None:
    with pytest.raises(EditFailed, match="only white space differs"):
        replace_once("class A:\n        x = 1\n        y = 2\n", "    x = 1\n    y = 2", "z", place="a.py")


def test_nothing_alike_shows_nothing() -> None:
    with pytest.raises(EditFailed, match="nothing like it"):
        replace_once("a\nb\n", "something entirely different (and long)", "x")


@pytest.mark.parametrize(("old", "new", "says"), [("", "x", "empty"), ("a", "a", "same")])
def test_edits_that_say_nothing(old: str, new: str, says: str) -> None:
    with pytest.raises(EditFailed, match=says):
        replace_once("a\n", old, new)


def test_looking_for_the_nearest_passage_is_quick_in_a_large_file() -> None:
    text = "".join(
        f"def function_{number}(argument: int) -> int:\n    return argument + {number}\n" for number in range(20_000)
    )
    with pytest.raises(EditFailed, match="line 20001:"):
        replace_once(text, "def function_10000(argument):\n    return argument + 10000", "x")


def test_listing_is_sorted_bounded_and_without_what_tools_leave(files: Files) -> None:
    for name in ("b.py", "a/c.py", "__pycache__/x.pyc", "node_modules/m/i.js", "a/b.py"):
        files.write(name, "1")
    listing = files.list(limit=2)
    assert [entry.path for entry in listing.entries] == ["a/b.py", "a/c.py"]
    assert listing.left_out == 1
    assert [entry.path for entry in files.list("a").entries] == ["a/b.py", "a/c.py"]


def test_deleting(files: Files, tmp_path: Path) -> None:
    files.write("a/b.txt", "x")
    files.delete("a/b.txt")
    assert not (tmp_path / "a" / "b.txt").exists()
    with pytest.raises(FileNotFoundError):
        files.delete("a/b.txt")
