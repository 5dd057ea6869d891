"""Temporary folders that are found again when their process was killed: the next one that makes any sweeps them."""

from __future__ import annotations

import functools
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.owners import read_owner, this_process

_NAME = re.compile(r"agent-[a-z]+-(?P<owner>\d+-\d+-\d+)-\w+")


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """A new private folder for as long as the context is open; its name tells the purpose (one word) and the owner."""
    sweep_once()
    folder = Path(tempfile.mkdtemp(prefix=f"agent-{purpose}-{this_process()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def sweep_once() -> None:
    """Sweep, the first time that this process asks for it."""
    sweep()


def sweep() -> tuple[Path, ...]:
    """Remove this user's folders whose owner has ended; those that were removed."""
    swept = [folder for folder in Path(tempfile.gettempdir()).glob("agent-*") if _abandoned(folder)]
    for folder in swept:
        shutil.rmtree(folder, ignore_errors=True)
    return tuple(swept)


def _abandoned(folder: Path) -> bool:
    found = _NAME.fullmatch(folder.name)
    owner = read_owner(found["owner"]) if found else None
    if owner is None or not owner.dead:
        return False
    try:
        status = folder.lstat()
    except OSError:
        return False  # its owner's successor was quicker
    return not folder.is_symlink() and status.st_uid == os.geteuid()
