"""Of a worktree's files mypy may believe only what it has seen."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tools.mypy_seen import digests, forget_unseen, remember_seen

ROWS = ("src/a.data.ff", "src/a.meta.ff", "src/b.data.ff", "src/linked/c.meta.ff", "fastapi/routing.data.ff")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A worktree of two modules."""
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    for name in ("a", "b"):
        (root / "src" / f"{name}.py").write_text(name)
    return root


@pytest.fixture
def cache(tmp_path: Path, root: Path) -> Path:
    """A cache of mypy's that knows the two modules, and a library."""
    cache = tmp_path / "cache"
    (cache / "3.12").mkdir(parents=True)
    with closing(sqlite3.connect(cache / "3.12" / "cache.0.db")) as database, database:
        database.execute("CREATE TABLE files2 (path TEXT UNIQUE NOT NULL)")
        database.executemany("INSERT INTO files2 VALUES (?)", [(path,) for path in ROWS])
    remember_seen(cache, digests(root))
    return cache


def forgotten(cache: Path, root: Path) -> set[str]:
    """What is not known any more once the worktree was looked at."""
    forget_unseen(cache, digests(root))
    files = list(cache.rglob("cache.*.db"))
    if not files:
        return set(ROWS)
    with closing(sqlite3.connect(files[0])) as database:
        return set(ROWS) - {path for (path,) in database.execute("SELECT path FROM files2")}


def test_what_did_not_change_stays_known(cache: Path, root: Path) -> None:
    assert forgotten(cache, root) == set()


def test_another_content_is_forgotten_whatever_size_and_time_say(cache: Path, root: Path) -> None:
    file = root / "src" / "a.py"
    before = file.stat()
    file.write_text("x")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert forgotten(cache, root) == {"src/a.data.ff", "src/a.meta.ff"}


def test_what_another_worktree_calls_the_same_is_forgotten(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "other" / "src").mkdir(parents=True)
    (tmp_path / "other" / "src" / "b.py").write_text("another b")
    assert forgotten(cache, tmp_path / "other") == {"src/b.data.ff"}


@pytest.mark.parametrize("made", ["link", "pipe"])
def test_what_is_no_file_is_never_taken_for_seen(cache: Path, root: Path, made: str) -> None:
    file = root / "src" / "a.py"
    file.unlink()
    file.symlink_to("b.py") if made == "link" else os.mkfifo(file)
    assert forgotten(cache, root) == {"src/a.data.ff", "src/a.meta.ff"}
    remember_seen(cache, digests(root))
    assert forgotten(cache, root) == {"src/a.data.ff", "src/a.meta.ff"}


def test_nothing_below_a_linked_folder_is_believed(cache: Path, root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (root / "src" / "linked").symlink_to(tmp_path / "elsewhere")
    assert forgotten(cache, root) == {"src/linked/c.meta.ff"}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"src/a.py": 3, "src/b.py": null}'])
def test_without_a_readable_list_nothing_was_seen(cache: Path, root: Path, content: str) -> None:
    (cache / "seen.json").write_text(content)
    assert forgotten(cache, root) == {"src/a.data.ff", "src/a.meta.ff", "src/b.data.ff"}


def test_a_cache_that_cannot_be_read_is_dropped(cache: Path, root: Path) -> None:
    (cache / "3.12" / "cache.0.db").write_text("no database " * 100)
    assert forgotten(cache, root) == set(ROWS)
    assert list(cache.iterdir()) == []
