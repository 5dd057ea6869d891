"""Folders that live as long as one run, and what dead runs left of theirs.

A run holds a lock on its folder; the kernel lets go of it however the run ends, so a folder whose lock is free belongs
to nobody any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.errors import ServerUnavailable
from tools.servers.enclosure import NOBODY

_SHARED_MEMORY = Path("/dev/shm")
_PREFIX = "agent-server-"
_UNFINISHED = "agent-server.new-"
_LOCK = "lock"
_ROOM = 256 << 20
"""Bytes that a server needs to begin with; a fresh data folder has about 40 MB, its log of changes up to 128 MB."""
_COMFORTABLE = 1 << 30
"""Bytes from which on shared memory is used."""
_ABANDONED_AFTER = 3600.0
"""Seconds after which an unfinished folder is taken for abandoned."""


@contextmanager
def run_folder(room: int = _ROOM) -> Iterator[Path]:
    """A new private folder, in shared memory when that has room; removed at the end. Sweeps what dead runs left.

    `room` is the number of bytes that it needs at least. Raises `ServerUnavailable` when there is no room.
    """
    for base in _bases():
        sweep(base)
    base = _base_with_room(room)
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=base))
    lock = os.open(unfinished / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    # Visible to sweepers only once it is locked.
    folder = unfinished.rename(unfinished.with_name(_PREFIX + unfinished.name.removeprefix(_UNFINISHED)))
    try:
        yield folder
    finally:
        remove(folder)
        os.close(lock)


def private_and_socket(folder: Path) -> tuple[Path, Path]:
    """Two folders below it that belong to the user of servers: one for its data alone, one that anybody may enter."""
    private, socket = folder / "private", folder / "socket"
    private.mkdir(mode=0o700)
    socket.mkdir()
    folder.chmod(0o711)
    socket.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(private, NOBODY, NOBODY)
        os.chown(socket, NOBODY, NOBODY)
    return private, socket


def sweep(base: Path) -> tuple[Path, ...]:
    """Remove the folders of this user's dead runs; those that were removed."""
    swept: list[Path] = []
    for folder in (*base.glob(f"{_PREFIX}*"), *base.glob(f"{_UNFINISHED}*")):
        if _is_abandoned(folder):
            remove(folder)
            swept.append(folder)
    return tuple(swept)


def remove(folder: Path) -> None:
    """Remove the folder, also while processes that are just being killed still write into it."""
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.02)


def _is_abandoned(folder: Path) -> bool:
    try:
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != os.geteuid():
            return False
        if folder.name.startswith(_UNFINISHED):
            return time.time() - status.st_mtime > _ABANDONED_AFTER
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _bases() -> tuple[Path, ...]:
    temporary = Path(tempfile.gettempdir())
    return (_SHARED_MEMORY, temporary) if os.access(_SHARED_MEMORY, os.W_OK | os.X_OK) else (temporary,)


def _base_with_room(room: int) -> Path:
    *faster, last = _bases()
    for base in faster:
        if _free(base) >= max(room, _COMFORTABLE):
            return base
    if _free(last) < room:
        raise ServerUnavailable(
            f"A server needs {room >> 20} MB, and {last} has {_free(last) >> 20} MB left: "
            "free some, or point TMPDIR at a folder with room."
        )
    return last


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free
