"""What the model knows of the files: one that changed since it was seen must be read again before it is changed."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator, Mapping

from tools.errors import EditFailed, Refused
from tools.files import Files

_LINES = 120
"""Of one file's difference; a longer one is not shown, and the file must be read again."""


class Seen:
    """The files as the model saw them last, in one conversation."""

    def __init__(self, shown: Mapping[str, str] | None = None) -> None:
        """`shown`: what the model was given to begin with (path → content)."""
        self._known = dict(shown or {})

    def note(self, files: Files, path: str) -> None:
        """The model knows the file as it is now."""
        self._known[_one(path)] = _text(files, path)

    def require(self, files: Files, path: str) -> None:
        """Raise EditFailed when the model saw the file, and it has changed since."""
        known, there = self._known.get(_one(path)), _text(files, path)
        if known is not None and known != there:
            first = next(iter(_changed(known, there)), 1)
            raise EditFailed(
                f"{path}: has changed since you saw it, from line {first} on; nothing was written. "
                "Read it again, then change it"
            )

    def catch_up(self, files: Files) -> Iterator[str]:
        """What has changed in the files that the model saw, as differences that it knows once they are told."""
        for path, known in self._known.items():
            there = _text(files, path)
            if known == there:
                continue
            lines = list(difflib.unified_diff(known.splitlines(), there.splitlines(), path, path, lineterm="", n=1))
            if len(lines) > _LINES:
                yield f"{path} has changed in many places; read it again before you change it"
            else:
                self._known[path] = there
                yield "\n".join(lines)


def _text(files: Files, path: str) -> str:
    """What stands there; nothing where no file is that could be shown."""
    try:
        return files.text(path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, Refused):
        return ""


def _one(path: str) -> str:
    return posixpath.normpath(path)


def _changed(before: str, after: str) -> Iterator[int]:
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    return (start + 1 for kind, _, _, start, _ in matcher.get_opcodes() if kind != "equal")
