"""How much a command uses up: files beneath a folder and without a name; memory, processes, time, writes of a tree."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.sandbox.base import Limits

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_ENTRY = 4096
"""What every file and folder counts at least: a flood of empty ones uses up a file system too."""
_NAME = 1024
"""What a name in a file system that lies in memory takes of the kernel's memory, about."""
_BEYOND = sys.maxsize
_LINE = 4096
_FIELDS = 22


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process tree holds and has used up."""

    memory: int = 0
    """Bytes of resident pages, removed files that are still open and lie on no disk, names in its `/tmp`."""
    nameless: int = 0
    """Bytes of all removed files that are still open, wherever they lie."""
    processes: int = 0
    cpu_seconds: float = 0.0
    """Of processes that have ended and were waited for, too."""
    written: int = 0
    """Bytes sent to a disk, also by processes that have ended and were waited for; 0 where the kernel does not tell."""


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


def usage_of_tree(*roots: int) -> Usage:
    """What these processes and all their descendants hold; pages that they share count once for each process.

    Not seen: a removed file that is only mapped or on its way through a socket, and buffers of the kernel.
    """
    children: dict[int, list[int]] = defaultdict(list)
    known: dict[int, tuple[int, float]] = {}
    for process, parent, resident, seconds in _processes():
        children[parent].append(process)
        known[process] = resident, seconds
    tree = {process for root in roots for process in _tree(root, children) if process in known}
    removed = dict(file for process in tree for file in _removed_files(process))
    in_memory = sum(size for (device, _), size in removed.items() if os.major(device) == 0)
    names = sum(_names_in_memory(process) for process in children[roots[0]])
    return Usage(
        memory=sum(known[process][0] for process in tree) + in_memory + names,
        nameless=sum(removed.values()),
        processes=len(tree),
        cpu_seconds=sum(known[process][1] for process in tree),
        written=sum(map(_written, tree)),
    )


def used_up(process: int) -> Usage:
    """What one process, and those of its children that have ended, have used up; nothing when it is gone."""
    try:
        _, _, seconds = _process(process)
    except OSError:
        return Usage()
    return Usage(cpu_seconds=seconds, written=_written(process))


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


def _processes() -> Iterator[tuple[int, int, int, float]]:
    """Number, parent, resident bytes and CPU seconds of every process."""
    with os.scandir("/proc") as entries:
        for entry in entries:
            if entry.name.isdecimal():
                with contextlib.suppress(OSError):  # it has ended meanwhile
                    yield int(entry.name), *_process(int(entry.name))


def _process(number: int) -> tuple[int, int, float]:
    """Parent, resident bytes and CPU seconds (of waited-for children too)."""
    # Asked of every process on the machine, twice a second: text and path objects would cost four times as much.
    file = os.open(f"/proc/{number}/stat", os.O_RDONLY)
    try:
        line = os.read(file, _LINE)
    finally:
        os.close(file)
    fields = line.rpartition(b")")[2].split()
    if len(fields) < _FIELDS:
        raise ProcessLookupError(number)
    return int(fields[1]), int(fields[21]) * _PAGE, sum(map(int, fields[11:15])) / _TICKS


def _written(process: int) -> int:
    try:
        lines = Path("/proc", str(process), "io").read_text().splitlines()
    except OSError:
        return 0  # ended meanwhile, or not ours to look at
    return next((int(line.partition(":")[2]) for line in lines if line.startswith("write_bytes")), 0)
