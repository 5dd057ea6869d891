"""A listing that stays short however large a project is: folders are opened while there is room, else counted. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

from tools.files import Entry


@dataclass(slots=True)
class _Folder:
    path: str
    files: list[Entry] = field(default_factory=list)
    folders: dict[str, _Folder] = field(default_factory=dict)
    count: int = 0
    """Files in it and below."""

    @property
    def lines(self) -> int:
        """How many lines it takes when it is opened."""
        return len(self.files) + len(self.folders)


def listed(entries: Iterable[Entry], folder: str, room: int) -> list[str]:
    """The files below `folder`, by path, in about `room` lines.

    What lies in it directly is always named. A folder in it is opened, the smallest first, where the listing then still
    fits; else it is one line with the number of its files.
    """
    top = _tree(entries, folder)
    lines, used = {entry.path: _file(entry) for entry in top.files}, top.lines
    closed = [(one.lines, one.path, one) for one in top.folders.values()]
    heapq.heapify(closed)
    while closed:
        more, path, one = heapq.heappop(closed)
        if used + more - 1 > room:
            lines[path] = f"{path}/ ({one.count} files; list it to see them)"
            continue
        used += more - 1
        lines |= {entry.path: _file(entry) for entry in one.files}
        for inner in one.folders.values():
            heapq.heappush(closed, (inner.lines, inner.path, inner))
    return [lines[path] for path in sorted(lines)]


def _tree(entries: Iterable[Entry], folder: str) -> _Folder:
    start = "/".join(name for name in folder.split("/") if name not in ("", "."))
    top = _Folder(start)
    for entry in entries:
        inside = entry.path.removeprefix(f"{start}/" if start else "")
        at = top
        at.count += 1
        for name in inside.split("/")[:-1]:
            at = at.folders.setdefault(name, _Folder(f"{at.path}/{name}" if at.path else name))
            at.count += 1
        at.files.append(entry)
    return top


def _file(entry: Entry) -> str:
    return f"{entry.path} ({entry.bytes} bytes)"
