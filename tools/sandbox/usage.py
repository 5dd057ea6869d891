"""How much a command uses up right now: files beneath a folder, memory of a process tree, files without a name."""

from __future__ import annotations

import os
import stat
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.sandbox.base import Limits

_PAGE = os.sysconf("SC_PAGE_SIZE")
_ENTRY = 4096
"""What every file and folder counts at least: a flood of empty ones uses up a file system too."""
_NAME = 1024
"""What a name in a file system that lies in memory takes of the kernel's memory, about."""
_BEYOND = sys.maxsize


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process tree holds, in bytes."""

    memory: int
    """Resident pages, removed files that are still open and lie on no disk, names in its `/tmp`."""
    nameless: int
    """All removed files that are still open, wherever they lie."""


def bytes_beneath(folders: Iterable[Path], *, enough: int) -> int:
    """Bytes on disk beneath the folders, symbolic links not followed; counting stops once it is more than `enough`.

    A folder that cannot be looked into, because it is closed or lies too deep, counts as more than any limit: it could
    hold anything.
    """
    total = 0
    for size in _sizes([str(folder) for folder in folders]):
        total += size
        if total > enough:
            break
    return total


def on_disk(folders: Iterable[Path], usage: Usage, limits: Limits) -> int:
    """Bytes beneath the folders and in files without a name; counting stops beyond the limit."""
    return bytes_beneath(folders, enough=limits.workspace_bytes - usage.nameless) + usage.nameless


def usage_of_tree(pid: int) -> Usage:
    """What a process and all its descendants hold; pages that they share count once for each process.

    Not seen: a removed file that is only mapped or on its way through a socket, and buffers of the kernel.
    """
    children: dict[int, list[int]] = defaultdict(list)
    resident: dict[int, int] = {}
    for process, parent, pages in _processes():
        children[parent].append(process)
        resident[process] = pages * _PAGE
    tree = list(_tree(pid, children))
    removed = dict(file for process in tree for file in _removed_files(process))
    in_memory = sum(size for (device, _), size in removed.items() if os.major(device) == 0)
    names = sum(_names_in_memory(process) for process in children[pid])
    return Usage(sum(resident.get(process, 0) for process in tree) + in_memory + names, sum(removed.values()))


def _tree(pid: int, children: dict[int, list[int]]) -> Iterator[int]:
    waiting = [pid]
    while waiting:
        process = waiting.pop()
        yield process
        waiting += children[process]


def _sizes(waiting: list[str]) -> Iterator[int]:
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    yield _size(entry)
        except (FileNotFoundError, NotADirectoryError):
            continue  # removed or replaced, while the command works in it
        except OSError:
            yield _BEYOND


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return max(entry.stat(follow_symlinks=False).st_blocks * 512, _ENTRY)
    except OSError:
        return _ENTRY  # gone meanwhile


def _removed_files(process: int) -> Iterator[tuple[tuple[int, int], int]]:
    """Device, number and bytes of the open files of a process that have no name."""
    try:
        opened = list(Path(f"/proc/{process}/fd").iterdir())
    except OSError:
        return  # it has ended, or runs for somebody else
    for descriptor in opened:
        try:
            status = descriptor.stat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
            yield (status.st_dev, status.st_ino), status.st_blocks * 512


def _names_in_memory(process: int) -> int:
    """Bytes of the kernel's memory behind the names in the `/tmp` that a process sees, where that is one of its own."""
    try:
        own = Path(f"/proc/{process}/root/tmp")
        if own.stat().st_dev == Path("/tmp").stat().st_dev:
            return 0
        found = os.statvfs(own)
    except OSError:
        return 0
    return (found.f_files - found.f_ffree) * _NAME


def _processes() -> Iterator[tuple[int, int, int]]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        yield int(folder.name), int(fields[1]), int(fields[21])
