"""The migrations of a worktree, read from what `alembic history` prints."""

from __future__ import annotations

import re

from agent.stacks.base import Migrations
from tools.sandbox.base import CommandResult

_REVISION = re.compile(r"^(?P<before>.+?) -> (?P<revision>\S+?)(?P<marks>(?: \([^)]*\))*),", re.MULTILINE)
"""`0001 -> 0002 (head), What it does`: the newest first. Several before it, and dependencies, stand there too."""

_BASE = "<base>"


def migrations_of(history: CommandResult) -> Migrations:
    """Heads and line of this history; none of either where it could not be told."""
    if not history.ok:
        return Migrations(history)
    found = list(_REVISION.finditer(history.stdout))
    heads = tuple(one["revision"] for one in found if " (head)" in one["marks"])
    return Migrations(history, heads, _line([(one["before"], one["revision"]) for one in reversed(found)]))


def _line(steps: list[tuple[str, str]]) -> tuple[str, ...]:
    """The revisions of steps of which each begins where the one before it ended; else nothing."""
    revisions = tuple(revision for _, revision in steps)
    return revisions if [before for before, _ in steps] == [_BASE, *revisions][:-1] else ()
