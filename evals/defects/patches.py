"""Patches without line numbers: each hunk fits where its lines stand, and is refused loudly where they do not.

The lines of a hunk that are kept or taken away must stand in the file exactly once. What others change around them, or
above them, does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from agent.errors import InputError, Problem

_NOTHING = "/dev/null"


@dataclass(frozen=True, slots=True)
class Hunk:
    """One place that changes."""

    before: str
    """Whole lines as they stand in the file."""
    after: str
    """Whole lines to put in their place."""


@dataclass(frozen=True, slots=True)
class FilePatch:
    """What happens to one file."""

    place: str
    """`patch:line`, for messages."""
    old: str | None
    """Path of the file; None where there must be none."""
    new: str | None
    """The same path; None where the file is taken away."""
    hunks: tuple[Hunk, ...]

    def changed(self, folder: Path) -> tuple[str, str | None]:
        """Path and new content, None for a file that goes; raises InputError where the patch does not fit."""
        path = self.old or self.new or ""
        content = self._content(folder / path)
        for hunk in self.hunks if self.new is not None else ():
            content = self._applied(hunk, content, path)
        return path, content if self.new is not None else None

    def _applied(self, hunk: Hunk, content: str, path: str) -> str:
        if not hunk.before:
            return content + hunk.after
        whole, before = f"\n{content}", f"\n{hunk.before}"
        if (found := whole.count(before)) != 1:
            raise self._misfit(f"its lines stand {found} times in {path}, not once:\n{hunk.before}")
        return whole.replace(before, f"\n{hunk.after}")[1:]

    def _content(self, file: Path) -> str:
        if self.old is None and file.exists():
            raise self._misfit(f"{self.new} is there already")
        if self.old is not None and not file.is_file():
            raise self._misfit(f"there is no {self.old}")
        return file.read_text() if self.old is not None else ""

    def _misfit(self, why: str) -> InputError:
        return InputError([Problem(self.place, f"the patch does not fit: {why}")])


def read_patch(text: str, name: str) -> tuple[FilePatch, ...]:
    """The files that a patch changes; `name` is for messages. Raises InputError."""
    lines = text.split("\n")
    starts = [at for at, line in enumerate(lines[1:]) if line.startswith("+++ ") and lines[at].startswith("--- ")]
    return tuple(_file(lines[start:end], f"{name}:{start + 1}") for start, end in pairwise([*starts, len(lines)]))


def changed_files(patches: tuple[FilePatch, ...], folder: Path) -> Mapping[str, str | None]:
    """Path → new content of what the patches change in this folder, which is only read. Raises InputError."""
    return dict(patch.changed(folder) for patch in patches)


def _file(lines: list[str], place: str) -> FilePatch:
    old, new = (None if line[4:].strip() == _NOTHING else line[4:].strip() for line in lines[:2])
    if old != new and None not in (old, new):
        raise InputError([Problem(place, f"renames {old} to {new}; take one away and add the other")])
    return FilePatch(place, old, new, tuple(_hunks(lines[2:], place)))


def _hunks(lines: list[str], place: str) -> Iterator[Hunk]:
    while lines and not lines[-1]:
        lines = lines[:-1]
    starts = [at for at, line in enumerate(lines) if line.startswith("@@")]
    if lines and starts[:1] != [0]:
        raise InputError([Problem(place, "expected a line `@@` before the first hunk")])
    for start, end in pairwise([*starts, len(lines)]):
        yield _hunk(lines[start + 1 : end], place)


def _hunk(lines: list[str], place: str) -> Hunk:
    if odd := [line for line in lines if line[:1] not in (" ", "-", "+", "")]:
        raise InputError([Problem(place, f"expected a line that begins with a blank, `-` or `+`, not {odd[0]!r}")])
    before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
    return Hunk(before, after)
