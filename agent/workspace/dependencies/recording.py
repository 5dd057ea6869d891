"""Writes an added package into the project's own files, so that whoever installs the service gets the same. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from agent.workspace.dependencies.locks import Locked, read_lock, with_dependency
from tools.errors import Refused

_PROJECT = "pyproject.toml"
_LOCK, _DEVELOPMENT_LOCK = "requirements.lock", "requirements-dev.lock"


def recorded(files: Mapping[str, str], requirement: str, added: Iterable[Locked]) -> Mapping[str, str]:
    """The files that change: `pyproject.toml`, and the locks with hashes. Raises Refused without a list to extend."""
    project = with_dependency(files[_PROJECT], requirement) if _PROJECT in files else None
    if project is None:
        raise Refused(f"{requirement}: {_PROJECT} has no `dependencies = [...]` under [project]; write it first")
    locks = [_LOCK, *([_DEVELOPMENT_LOCK] if _DEVELOPMENT_LOCK in files else [])]
    return {_PROJECT: project, **{name: _extended(files.get(name, ""), tuple(added)) for name in locks}}


def _extended(lock: str, added: tuple[Locked, ...]) -> str:
    there = read_lock(lock)
    blocks = [block.rstrip() for block in re.split(r"\n(?=\S)", lock) if block.strip()]
    blocks += [one.text for one in added if one.name not in there]
    if all(block[0].isalnum() for block in blocks):
        blocks.sort(key=str.lower)
    return "".join(f"{block}\n" for block in blocks)
