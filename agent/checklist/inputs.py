"""What a check's result depends on, as one digest: two verifications with the same digest need only be made once.

Everything that could make a difference is in it: the files of the worktree that the check reads, ignored ones included;
contract, schema and what is owed; the runtime's own code and the versions of what it is made of; the toolchain, the
servers, the sandbox and the machine. Random values are not: a check has to hold for all of them.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import agent
import tools
from agent.checklist.case import Case, Owing
from agent.checklist.check import Check

_ENVIRONMENT = ("AGENT_POSTGRES_DSN", "AGENT_REDIS_URL", "PATH")
_SERVERS = ("valkey-server", "redis-server")


def files_of(root: Path) -> Mapping[str, str]:
    """Path → digest of mode and content, of every file of a worktree but git's own; links are not followed.

    Raises OSError when something cannot be read.
    """
    return {path: digest for path, digest in _walk(root) if not path.startswith(".git/")}


def key_of(check: Check, case: Case, owing: Owing, files: Mapping[str, str]) -> str:
    """The digest of everything that this check's result depends on; `files` are those of the worktree."""
    own = sorted((path, digest) for path, digest in files.items() if check.reads(path))
    owed = [(one.rule, one.subject) for one in owing.obligations if one.rule in check.rules]
    return _digest([check.name, own, owed, _surroundings(case), runtime()])


def service_key(case: Case) -> str:
    """The digest of what makes a service that one, whatever its code: contract, schema and stack."""
    return _digest(
        ["service", case.stack.name, case.contract.base_path, case.contract.document, case.catalog.fingerprint]
    )


@functools.cache
def runtime() -> str:
    """Digest of the runtime's own files, and of the names and versions of everything that is installed beside it."""
    folders = [Path(folder) for package in (agent, tools) for folder in package.__path__]
    code = [sorted(item for item in _walk(folder) if "__pycache__/" not in item[0]) for folder in folders]
    beside = [sorted(one.name for one in Path(path).glob("*.dist-info")) for path in sys.path if path]
    return _digest([sys.version, code, beside])


def _surroundings(case: Case) -> list[object]:
    return [
        case.stack.name,
        case.effort.model_dump(),
        case.contract.base_path,
        case.contract.document,
        case.catalog.fingerprint,
        [str(one) for one in case.catalog.statements],
        str(case.workspace.toolchain),
        case.workspace.sandbox.kind,
        case.server.version_text,
        platform.platform(),
        os.cpu_count(),
        [os.environ.get(name) for name in _ENVIRONMENT],
        [shutil.which(name) for name in _SERVERS],
    ]


def _walk(root: Path) -> Iterator[tuple[str, str]]:
    for folder, folders, names, descriptor in os.fwalk(root, onerror=_raise):
        beneath = Path(folder).relative_to(root)
        for name in (*names, *folders):
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode):
                yield str(beneath / name), f"{status.st_mode:o} {_content(name, descriptor, status.st_mode)}"


def _content(name: str, folder: int, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return os.readlink(name, dir_fd=folder)
    if not stat.S_ISREG(mode):
        raise OSError(f"{name} is no file")
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _raise(error: OSError) -> None:
    raise error


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
