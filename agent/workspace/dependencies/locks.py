"""Lock files of exact versions with hashes, as uv and pip write and read them, and the project file beside. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from agent.workspace.dependencies.wanting import of_project

_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^\]]*\])?==([^\s;\\]+)")
_LIST = re.compile(r"(?ms)^\[project\].*?^dependencies\s*=\s*\[(?P<items>[^\[\]]*?(?:\[[^\]]*\][^\[\]]*?)*)\]")


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock."""

    name: str
    """Normalised."""
    version: str
    text: str
    """Its lines, hashes included, without the last line end."""

    @property
    def hashed(self) -> bool:
        """True when its files are named by their hashes."""
        return "--hash=" in self.text

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def read_lock(text: str) -> Mapping[str, Locked]:
    """The pinned packages of a lock by name; everything else in it (options, addresses, comments) is left out."""
    found: dict[str, Locked] = {}
    for block in re.split(r"\n(?=\S)", text):
        lines = [line for line in block.splitlines() if not line.lstrip().startswith("#")]
        match = _PINNED.match(lines[0]) if lines else None
        if match:
            name = str(canonicalize_name(match[1]))
            found[name] = Locked(name, match[3], "\n".join(lines).rstrip().rstrip("\\").rstrip())
    return found


def write_lock(packages: Iterable[Locked]) -> str:
    """A lock of these packages, in order of their names."""
    return "".join(f"{one.text}\n" for one in sorted(packages, key=lambda one: one.name))


def with_dependency(text: str, requirement: str) -> str | None:
    """A `pyproject.toml` with one dependency more, otherwise as it was; None when no list can be extended."""
    before = _dependencies(text)
    match = _LIST.search(text)
    if match is None:
        return None
    items = match["items"].rstrip()
    separator = "" if not items.strip() or items.endswith(",") else ","
    extended = f'{items}{separator}\n    "{requirement}",\n'
    changed = text[: match.start("items")] + extended + text[match.end("items") :]
    return changed if _dependencies(changed) == [*before, requirement] else None


def _dependencies(text: str) -> list[str]:
    try:
        return of_project(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return []
