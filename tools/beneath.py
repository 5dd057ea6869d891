"""Opening things beneath a folder without ever leaving it, whatever is swapped meanwhile.

A path is walked one component at a time from an open folder, and no component may be a symbolic link, so there is no
moment between check and use. Refused: absolute paths, `..`, `.git`, links, devices, pipes, sockets.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from tools.errors import Refused
from tools.sandbox.base import WORKSPACE
from tools.sandbox.bubblewrap_command import ROOT_MODE_UID

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST_NAME = 255
_LONGEST_PATH = 4000
_PROTECTED = ".git"


def components(path: str) -> tuple[str, ...]:
    """The names along a path relative to the workspace; empty for the workspace itself. Raises Refused.

    A path as commands in the sandbox see it (`/workspace/src/app.py`) is understood too.
    """
    if "\0" in path:
        raise Refused(f"{path!r}: a path cannot hold a NUL character")
    relative = path.removeprefix(WORKSPACE + "/") if path != WORKSPACE else "."
    if relative.startswith("/"):
        raise Refused(f"{path}: paths are relative to the workspace; nothing outside it can be reached")
    names = tuple(name for name in relative.split("/") if name not in ("", "."))
    for name in names:
        _allowed(path, name)
    if len(path) > _LONGEST_PATH:
        raise Refused(f"{path[:80]}...: the path is longer than {_LONGEST_PATH} characters")
    return names


@contextlib.contextmanager
def folder_of(root: Path, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """An open descriptor of the folder that holds `path`, and the last name. With `make`, missing folders are made.

    Raises Refused, or FileNotFoundError when a folder is missing.
    """
    names = components(path)
    if not names:
        raise Refused(f"{path or '(empty)'}: names no file")
    descriptor = os.open(root, _FOLDER)
    try:
        for name in names[:-1]:
            following = enter(descriptor, name, path, make=make)
            os.close(descriptor)
            descriptor = following
        yield descriptor, names[-1]
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def open_folder(root: Path, path: str) -> Iterator[int]:
    """An open descriptor of a folder. Raises Refused, or FileNotFoundError."""
    if not components(path):
        descriptor = os.open(root, _FOLDER)
    else:
        with folder_of(root, path) as (parent, name):
            descriptor = enter(parent, name, path, make=False)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_regular(folder: int, name: str, path: str, *, limit: int) -> bytes:
    """The content of a regular file. Raises Refused when it is something else or larger than `limit` bytes."""
    # O_PATH opens nothing yet: pipes do not block, devices do not notice. What was looked at is what is then opened.
    handle = _opened(folder, name, path, os.O_PATH | os.O_NOFOLLOW)
    try:
        status = os.fstat(handle)
        _regular(status, path)
        if status.st_nlink > 1:
            raise Refused(f"{path}: has other names (hard links) that may lie outside the workspace")
        if status.st_size > limit:
            raise Refused(f"{path}: {status.st_size} bytes, more than the {limit} that can be read")
        with open(f"/proc/self/fd/{handle}", "rb") as file:  # noqa: PTH123 - a descriptor, not a path
            content = file.read(limit + 1)
    finally:
        os.close(handle)
    if len(content) > limit:
        raise Refused(f"{path}: more than the {limit} bytes that can be read")
    return content


def replace(folder: int, name: str, path: str, content: bytes) -> None:
    """Write a file in one step: other processes see the old content or the new. Raises Refused."""
    mode = _mode_for(folder, name, path)
    temporary = f".write-{secrets.token_hex(8)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            _belong_like(folder, file.fileno())
            os.fchmod(file.fileno(), mode)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
        raise


def remove(folder: int, name: str, path: str) -> None:
    """Remove a file or a link, never what a link points at. Raises Refused for folders, FileNotFoundError."""
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISDIR(status.st_mode):
        raise Refused(f"{path}: is a folder; delete its files")
    os.unlink(name, dir_fd=folder)


def enter(parent: int, name: str, path: str, *, make: bool) -> int:
    """An open descriptor of a folder in an open folder, with `make` made where it is missing. Raises Refused."""
    if make:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)
            descriptor = _opened(parent, name, path, _FOLDER)
            _belong_like(parent, descriptor)
            os.fchmod(descriptor, stat.S_IMODE(os.fstat(parent).st_mode) | stat.S_IRWXU)
            return descriptor
    return _opened(parent, name, path, _FOLDER)


def _allowed(path: str, name: str) -> None:
    if name == "..":
        raise Refused(f"{path}: `..` is not allowed")
    if name.lower() == _PROTECTED:
        raise Refused(f"{path}: {_PROTECTED} belongs to the runtime")
    try:
        length = len(os.fsencode(name))
    except UnicodeEncodeError as error:
        raise Refused(f"{path!r}: not a valid name: {error.reason}") from error
    if length > _LONGEST_NAME:
        raise Refused(f"{path[:80]}...: a name is longer than {_LONGEST_NAME} bytes")


def _opened(parent: int, name: str, path: str, flags: int) -> int:
    try:
        return os.open(name, flags | os.O_CLOEXEC, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise Refused(f"{path}: {name} is {_kind(parent, name)}, which is not followed") from error
        raise


def _kind(parent: int, name: str) -> str:
    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    return "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no folder"


def _regular(status: os.stat_result, path: str) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise Refused(f"{path}: is a symbolic link, which is not followed")
    if stat.S_ISDIR(status.st_mode):
        raise Refused(f"{path}: is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise Refused(f"{path}: is no regular file")


def _mode_for(folder: int, name: str, path: str) -> int:
    """Permissions for what is written: those of the file that it replaces, else as open as its folder is."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return 0o644 | (os.fstat(folder).st_mode & stat.S_IWGRP)
    _regular(status, path)
    return stat.S_IMODE(status.st_mode) & 0o777


def _belong_like(folder: int, descriptor: int) -> None:
    """As root, give what is written to whom the folder belongs, so that commands in the sandbox can change it.

    Of a worktree's top folder only the group is the sandbox's: see `tools.sandbox.ownership`.
    """
    if os.geteuid() == 0:
        status = os.fstat(folder)
        owner = ROOT_MODE_UID if status.st_gid == ROOT_MODE_UID else status.st_uid
        os.fchown(descriptor, owner, status.st_gid)
