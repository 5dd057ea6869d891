"""The migrations of a worktree, read from what `alembic history` prints and from the configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from configparser import Error, RawConfigParser
from posixpath import dirname, join, normpath

from agent.stacks.base import Migrations
from tools.sandbox.base import CommandResult

_REVISION = re.compile(r"^(?P<before>.+?) -> (?P<revision>\S+?)(?P<marks>(?: \([^)]*\))*),", re.MULTILINE)
"""`0001 -> 0002 (head), What it does`: the newest first. Several before it, and dependencies, stand there too."""

_BASE = "<base>"
_SEPARATORS = re.compile(r"[\s,;:]+")


def alembic_config(files: Mapping[str, str]) -> str:
    """The path of the `alembic.ini` nearest to the root; `alembic.ini` when there is none."""
    found = [path for path in files if path.rsplit("/", 1)[-1] == "alembic.ini"]
    return min(found, key=lambda path: (path.count("/"), path), default="alembic.ini")


def migrations_of(history: CommandResult, folders: tuple[str, ...] = ()) -> Migrations:
    """Heads and line of this history; none of either where it could not be told."""
    if not history.ok:
        return Migrations(history, folders=folders)
    found = list(_REVISION.finditer(history.stdout))
    heads = tuple(one["revision"] for one in found if " (head)" in one["marks"])
    return Migrations(history, heads, _line([(one["before"], one["revision"]) for one in reversed(found)]), folders)


def revision_folders(path: str, text: str) -> tuple[str, ...]:
    """The folders of the worktree that the `alembic.ini` at this path names; none where it cannot be read."""
    settings = RawConfigParser(strict=False)
    try:
        settings.read_string(text)
        named = dict(settings["alembic"])
    except (Error, KeyError):
        return ()
    here = dirname(path) or "."
    script = named.get("script_location", "")
    places = named.get("version_locations", "").replace("%(here)s", here)
    listed = [one for one in _SEPARATORS.split(places) if one]
    package, colon, below = script.replace("%(here)s", here).partition(":")
    home = join(package.replace(".", "/"), below) if colon else package
    return tuple(normpath(one) for one in (*listed, *([join(home, "versions")] if home else [])))


def _line(steps: list[tuple[str, str]]) -> tuple[str, ...]:
    """The revisions of steps of which each begins where the one before it ended; else nothing."""
    revisions = tuple(revision for _, revision in steps)
    return revisions if [before for before, _ in steps] == [_BASE, *revisions][:-1] else ()
