"""Who owns what a sandbox writes to, where the runtime is root and commands are not."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tools.sandbox.bubblewrap_command import ROOT_MODE_UID


def hand_over(folder: Path, *, keep: frozenset[str] = frozenset()) -> None:
    """Give everything beneath a folder to the sandbox's user; the folder itself keeps its owner and gets its group.

    The kept owner is what git looks at before it trusts a folder, so its user can go on working in it. Names in `keep`
    at the top are left alone. Symbolic links are not followed; the kernel takes set-user-id bits off.
    """
    status = folder.stat()
    if status.st_gid == ROOT_MODE_UID and status.st_mode & stat.S_IWGRP and not keep:
        return
    _open_to_group(folder, status.st_mode)
    for path in folder.iterdir():
        if path.name not in keep:
            _give(path)


def give_one(path: Path) -> None:
    """Give one file or folder to the sandbox's user."""
    os.chown(path, ROOT_MODE_UID, ROOT_MODE_UID, follow_symlinks=False)


def _open_to_group(folder: Path, mode: int) -> None:
    os.chown(folder, -1, ROOT_MODE_UID)
    folder.chmod(stat.S_IMODE(mode) | stat.S_IRWXG | stat.S_ISGID)


def _give(path: Path) -> None:
    """Give a file, or a folder and all beneath it; by descriptors, so that no part of a path can become a link."""
    if not path.is_symlink() and path.is_dir():
        for _, folders, files, descriptor in os.fwalk(path):
            for name in [*folders, *files]:
                os.chown(name, ROOT_MODE_UID, ROOT_MODE_UID, dir_fd=descriptor, follow_symlinks=False)
    give_one(path)
