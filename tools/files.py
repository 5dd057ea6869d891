"""Reading and changing the files of one folder, and of nothing outside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.beneath import folder_of, open_folder, read_regular, remove, replace
from tools.editing import replace_once
from tools.errors import EditFailed, Refused

SyntaxCheck = Callable[[str, str], str | None]
"""Given path and content, what is wrong with its syntax; None when nothing is, or when it is no language it knows."""

MAX_FILE_BYTES = 4 << 20
MAX_SHOWN_BYTES = 64 << 10
MAX_LINE = 4000
NOT_LISTED = frozenset({".git", ".venv", "node_modules", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a listing."""

    path: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The files beneath a folder, in order of their paths."""

    entries: tuple[Entry, ...]
    left_out: int
    """How many more there are."""


class Files:
    """The files beneath `root`. Every path is relative to it; what leads out of it raises Refused."""

    def __init__(
        self, root: Path, *, check: SyntaxCheck | None = None, shown: Callable[[str], str] = lambda text: text
    ) -> None:
        """`shown` gives what a reader is shown of a text; it keeps the lines."""
        self.root = root
        self._shown = shown
        self._check = check or (lambda _path, _content: None)

    def read(self, path: str, *, first: int = 1, count: int | None = None, numbered: bool = False) -> str:
        """Lines of a text file from `first` on, bounded; a last line says when something was left out.

        Raises Refused for what is no readable text, FileNotFoundError when there is nothing.
        """
        lines = self.shown(path).splitlines(keepends=True)
        first = max(1, first)
        wanted = [_short(line) for line in lines[first - 1 : None if count is None else first - 1 + count]]
        shown = [f"{first + index:6d}\t{line}" if numbered else line for index, line in enumerate(wanted)]
        fitting = _fitting(shown, MAX_SHOWN_BYTES)
        text = "".join(shown[:fitting])
        if fitting < len(shown):
            text += f"\n[... {len(shown) - fitting} lines left out; read on from line {first + fitting} ...]\n"
        return text

    def text(self, path: str) -> str:
        """A whole text file of at most 4 MB, as it is."""
        try:
            return self.bytes(path).decode()
        except UnicodeDecodeError as error:
            raise Refused(f"{path}: is no UTF-8 text ({error.reason} at byte {error.start})") from error

    def shown(self, path: str) -> str:
        """A whole text file as a reader is shown it."""
        return self._shown(self.text(path))

    def bytes(self, path: str) -> bytes:
        """A whole regular file of at most 4 MB."""
        with folder_of(self.root, path) as (folder, name):
            return read_regular(folder, name, path, limit=MAX_FILE_BYTES)

    def write(self, path: str, content: str) -> None:
        """Write a file in one step; folders are made. Raises EditFailed when the syntax check objects."""
        problem = self._check(path, content)
        if problem is not None:
            raise EditFailed(f"{path}: not written, because its syntax would be broken: {problem}")
        self._write(path, content)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the only occurrence of a text. Raises EditFailed, with the nearest passages; nothing is written then.

        A file whose syntax is broken already may stay so, so that it can be mended in steps.
        """
        before = self.text(path)
        after = replace_once(before, old, new, place=path)
        problem = self._check(path, after)
        if problem is not None and self._check(path, before) is None:
            raise EditFailed(f"{path}: not edited, because its syntax would be broken: {problem}")
        self._write(path, after)

    def delete(self, path: str) -> None:
        """Remove a file, or a link itself. Raises FileNotFoundError when there is nothing."""
        with folder_of(self.root, path) as (folder, name):
            remove(folder, name, path)

    def list(self, path: str = ".", *, limit: int = 500) -> Listing:
        """The regular files beneath a folder; links and what tools leave behind are left out."""
        entries = sorted(self.walk(path), key=lambda entry: entry.path)
        return Listing(tuple(entries[:limit]), max(0, len(entries) - limit))

    def walk(self, path: str = ".") -> Iterator[Entry]:
        """Every regular file beneath a folder, in no particular order."""
        start = "/".join(name for name in path.split("/") if name not in ("", "."))
        with open_folder(self.root, path) as descriptor:
            for folder, folders, names, handle in os.fwalk(".", dir_fd=descriptor):
                folders[:] = [name for name in folders if name not in NOT_LISTED]
                for name in names:
                    size = _size_if_regular(handle, name)
                    if size is not None:
                        yield Entry(os.path.normpath(f"{start}/{folder}/{name}").lstrip("/"), size)

    def _write(self, path: str, content: str) -> None:
        try:
            encoded = content.encode()
        except UnicodeEncodeError as error:
            raise Refused(f"{path}: the content is no valid Unicode ({error.reason})") from error
        if len(encoded) > MAX_FILE_BYTES:
            raise Refused(f"{path}: {len(encoded)} bytes, more than the {MAX_FILE_BYTES} that can be written")
        with folder_of(self.root, path, make=True) as (folder, name):
            replace(folder, name, path, encoded)


def _short(line: str) -> str:
    if len(line) <= MAX_LINE:
        return line
    return f"{line[:MAX_LINE]} [... {len(line) - MAX_LINE} characters of this line left out ...]\n"


def _size_if_regular(folder: int, name: str) -> int | None:
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _fitting(lines: list[str], limit: int) -> int:
    """How many of the lines fit into that many bytes; at least one, so that reading on comes forward."""
    total = 0
    for index, line in enumerate(lines):
        total += len(line.encode())
        if total > limit and index:
            return index
    return len(lines)
