"""Searching, in bounded time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tools.errors import Refused
from tools.files import Files
from tools.search import search


@pytest.fixture
def files(tmp_path: Path) -> Files:
    files = Files(tmp_path)
    files.write("src/app.py", "import os\n\n\ndef main() -> None:\n    print(os.name)\n")
    files.write("src/b.py", "def other(x: int) -> int:\n    return x\n")
    files.write("README.md", "def is a word here\n")
    (tmp_path / "binary").write_bytes(b"def \xff\x00")
    return files


def test_lines_are_found_in_order(files: Files) -> None:
    found = search(files, r"^def \w+\(").found
    assert [str(match) for match in found] == [
        "src/app.py:4: def main() -> None:",
        "src/b.py:1: def other(x: int) -> int:",
    ]


def test_a_literal_is_no_expression(files: Files) -> None:
    assert [match.path for match in search(files, "(os.name)", literal=True).found] == ["src/app.py"]


def test_files_can_be_chosen(files: Files) -> None:
    assert [match.path for match in search(files, "def", names="*.md").found] == ["README.md"]
    assert [match.path for match in search(files, "def", path="src").found] == ["src/app.py", "src/b.py"]


def test_the_answer_is_bounded(files: Files) -> None:
    files.write("many.txt", "def\n" * 1000)
    matches = search(files, "def", limit=10)
    assert len(matches.found) == 10
    assert matches.more


def test_a_long_line_is_cut_around_its_match(files: Files) -> None:
    files.write("long.txt", "x" * 50_000 + "NEEDLE" + "y" * 50_000)
    match = search(files, "NEEDLE").found[0]
    assert "NEEDLE" in match.text
    assert len(match.text) < 400


def test_a_catastrophic_expression_is_ended(files: Files) -> None:
    files.write("evil.txt", "a" * 40 + "!\n")
    began = time.monotonic()
    with pytest.raises(Refused, match="took longer"):
        search(files, r"^(a+)+$", seconds=1.0)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("pattern", ["(", "[", "*", "", "(?P<x>a)(?P<x>b)", "a{99999999999}"])
def test_what_is_no_expression_is_refused(files: Files, pattern: str) -> None:
    with pytest.raises(Refused):
        search(files, pattern)


@pytest.mark.parametrize("path", ["..", "/etc", ".git", "link"])
def test_nothing_outside_is_searched(files: Files, tmp_path: Path, path: str) -> None:
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(Refused):
        search(files, "root", path=path)
