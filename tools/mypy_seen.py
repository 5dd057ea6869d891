"""What mypy may go on believing of a worktree: only what it knows of files whose content it has seen.

By itself it takes a file for the one that it knows when size and second of change are the same, which two edits within
a second can be, files of an archive, and whatever somebody wants to hide from it. So the digests of all files are kept
beside its cache, and what it knows of any other content is taken out before it starts.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from pathlib import Path

_FILE = "seen.json"
_UNKNOWN = ""
"""In place of a digest: a link, or what cannot be read; never taken for seen."""
_SOURCES = (".py", ".pyi")


def digests(root: Path) -> Mapping[str, str]:
    """Path → digest of each Python file of a worktree, whether git ignores it or not; links lead nowhere."""
    return dict(_digests(root))


def _digests(root: Path) -> Iterator[tuple[str, str]]:
    for place, folders, files in os.walk(root):
        folder = Path(place)
        for name in folders:
            if (folder / name).is_symlink():
                yield (folder / name).relative_to(root).as_posix(), _UNKNOWN
        for name in files:
            if name.endswith(_SOURCES):
                yield (folder / name).relative_to(root).as_posix(), _digest(folder / name)


def _digest(file: Path) -> str:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return _UNKNOWN
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return _UNKNOWN
        return hashlib.file_digest(opened, "sha256").hexdigest()


def forget_unseen(cache: Path, now: Mapping[str, str]) -> None:
    """Take out of a cache of mypy's what it knows of files that have another content now.

    A cache that cannot be read is dropped as a whole.
    """
    seen = _seen(cache / _FILE)
    other = {_stem(path) for path, digest in now.items() if digest == _UNKNOWN or seen.get(path) != digest}
    try:
        for file in cache.rglob("cache.*.db"):
            _forget(file, other)
    except sqlite3.Error:
        shutil.rmtree(cache)
        cache.mkdir()


def remember_seen(cache: Path, digests: Mapping[str, str]) -> None:
    """Keep what the files held that mypy has looked at."""
    unfinished = cache / f"{_FILE}.new"
    unfinished.write_text(json.dumps(digests), encoding="utf-8")
    unfinished.replace(cache / _FILE)


def _forget(file: Path, stems: Collection[str]) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        known = [path for (path,) in database.execute("SELECT path FROM files2")]
        gone = [(path,) for path in known if any(one in stems for one in _places(path))]
        database.executemany("DELETE FROM files2 WHERE path = ?", gone)


def _places(path: str) -> Iterator[str]:
    """A module's own place, and the folders above it, any of which may be a link."""
    yield _stem(path)
    while path := path.rpartition("/")[0]:
        yield path


def _stem(path: str) -> str:
    """`src/app` for `src/app.py` and for `src/app.meta.ff`."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name.partition('.')[0]}"


def _seen(file: Path) -> Mapping[str, str]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
