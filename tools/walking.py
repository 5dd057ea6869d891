"""Finding a path beneath a folder as commands in the sandbox see it: links are followed as long as they stay beneath.

A path is walked by descriptors, one name at a time, and links are read from the descriptor that was looked at. `..`
goes back to the descriptor that was walked through. So there is no moment between check and use, and no way out.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_LINKS = 40
"""As many as the kernel follows."""
_PROTECTED = ".git"


@dataclass(slots=True)
class Found:
    """Where a path leads to. Its descriptors are open as long as the context of `found` is."""

    inside: str
    """The folder's path as commands see it."""
    folders: list[tuple[int, str]]
    """Descriptors and names of the folders walked through, the top one first."""
    file: tuple[int, str] | None = None
    """Descriptor and name of what is no folder, or of a link that was not to be followed."""
    missing: list[str] = field(default_factory=list)
    """Names from the first one on that is not there."""

    @property
    def path(self) -> str:
        """The path with all links resolved, as commands see it."""
        names = [name for _, name in self.folders[1:]] + ([self.file[1]] if self.file else []) + self.missing
        return "/".join([self.inside, *names])

    @property
    def status(self) -> os.stat_result:
        """Of what was found. Raises FileNotFoundError."""
        if self.missing:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.path)
        return os.fstat(self.file[0] if self.file else self.folders[-1][0])

    @property
    def is_folder(self) -> bool:
        """True for a folder that is there."""
        return self.file is None and not self.missing


@contextlib.contextmanager
def found(root: Path, inside: str, path: str, *, follow: bool = True) -> Iterator[Found]:
    """Where an absolute path leads to; `inside` is what commands call the folder `root`.

    With `follow=False` a link at the end is found itself. Raises PermissionError for what leads out or into `.git`,
    NotADirectoryError, and OSError for a loop of links.
    """
    top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    walk = _Walk(Found(inside, [(top, "")]), follow)
    try:
        walk.along(path)
        yield walk.found
    finally:
        for descriptor, _ in [*walk.found.folders, *([walk.found.file] if walk.found.file else [])]:
            os.close(descriptor)


class _Walk:
    def __init__(self, found: Found, follow: bool) -> None:
        self.found = found
        self._follow = follow
        self._links = 0

    def along(self, path: str) -> None:
        names = deque(self._beneath(path))
        while names:
            name = names.popleft()
            if self.found.file is not None:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
            if name == "..":
                self._up(path)
            elif self.found.missing:
                self.found.missing.append(name)
            else:
                self._enter(name, names, path)

    def _enter(self, name: str, names: deque[str], path: str) -> None:
        if len(self.found.folders) == 1 and name.lower() == _PROTECTED:
            raise PermissionError(errno.EACCES, f"{_PROTECTED} belongs to the runtime", path)
        try:
            descriptor = os.open(name, _LOOK, dir_fd=self.found.folders[-1][0])
        except FileNotFoundError:
            self.found.missing.append(name)
            return
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            self.found.folders.append((descriptor, name))
        elif stat.S_ISLNK(mode) and (names or self._follow):
            target = os.readlink("", dir_fd=descriptor)
            os.close(descriptor)
            self._through(target, names, path)
        else:
            self.found.file = descriptor, name

    def _through(self, target: str, names: deque[str], path: str) -> None:
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        if target.startswith("/"):
            names.extendleft(reversed(self._beneath(target)))
            while len(self.found.folders) > 1:
                os.close(self.found.folders.pop()[0])
        else:
            names.extendleft(reversed(_names(target)))

    def _up(self, path: str) -> None:
        if self.found.missing:
            self.found.missing.pop()
        elif len(self.found.folders) == 1:
            raise PermissionError(errno.EACCES, "leads out of the workspace", path)
        else:
            os.close(self.found.folders.pop()[0])

    def _beneath(self, path: str) -> list[str]:
        names, top = _names(path), _names(self.found.inside)
        if not path.startswith("/") or names[: len(top)] != top:
            raise PermissionError(errno.EACCES, "leads out of the workspace", path)
        return names[len(top) :]


def _names(path: str) -> list[str]:
    return [name for name in PurePosixPath(path).parts if name != "/"]
