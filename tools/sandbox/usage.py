"""How much a command uses up right now: files beneath a folder, memory of a process tree."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def bytes_beneath(folders: Iterable[Path], *, enough: int) -> int:
    """Bytes on disk beneath the folders, symbolic links not followed; counting stops once it is more than `enough`."""
    total = 0
    for size in _sizes([str(folder) for folder in folders]):
        total += size
        if total > enough:
            break
    return total


def memory_of_tree(pid: int) -> int:
    """Resident bytes of a process and all its descendants; shared pages count once for each process."""
    children: dict[int, list[int]] = defaultdict(list)
    resident: dict[int, int] = {}
    for process, parent, pages in _processes():
        children[parent].append(process)
        resident[process] = pages * _PAGE
    total, waiting = 0, [pid]
    while waiting:
        process = waiting.pop()
        total += resident.get(process, 0)
        waiting += children[process]
    return total


def _sizes(waiting: list[str]) -> Iterator[int]:
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        yield entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue  # gone, or closed to us, while the command works in it


def _processes() -> Iterator[tuple[int, int, int]]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        yield int(folder.name), int(fields[1]), int(fields[21])
