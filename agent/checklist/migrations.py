"""The gate database: migrations up, down and up again, step by step; the schema's own rules."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agent.catalog.compare import catalog_differences
from agent.catalog.loading import catalog_of
from agent.catalog.model import Catalog
from agent.checklist import schema
from agent.checklist.case import Case, Found, Owing, joined
from agent.checklist.databases import Databases, Opened, tail
from agent.checklist.pasting import shown
from agent.checklist.schema_changes import schema_changes
from agent.receipts import Receipt
from agent.stacks.base import Migrations

RULES: Mapping[str, str] = {
    "MIG-TOOL": "database: the migration tool finds migrations in the tree; no other code changes the schema",
    "MIG-VCS": "database: heads as the migration tool counts them",
    "MIG-ROLLBACK": "database: up and down by each revision, and up; the catalog compared at every step",
    **schema.RULES,
}

_TOOL = ("MIG-TOOL", "MIG-VCS", "MIG-ROLLBACK")
_NO_TOOL = (
    "there is no alembic.ini, so no migration tool makes the schema; the service was looked at on a database with the "
    "supplied schema"
)
_SHOWN = 400
_SINGLY = 20
"""The newest revisions, which are gone through one by one; those before them are taken together."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call of the migration tool."""

    direction: Literal["up", "down"]
    revision: str = ""
    """Empty: the newest, or none at all."""

    def __str__(self) -> str:
        return f"{self.direction} to {self.revision or ('the newest' if self.direction == 'up' else 'nothing')}"


@dataclass(slots=True)
class _Walk:
    """What came of the steps so far."""

    stood: dict[str, Catalog]
    """Revision → the catalog on the way up; that of the empty database is under no name."""
    problems: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    failing: int = 0
    """How many commands it takes to see the first problem; 0: there is none."""
    seconds: float = 0.0

    def blame(self, problem: str) -> None:
        """Note what went wrong after the commands so far."""
        self.problems.append(problem)
        self.failing = self.failing or len(self.commands)

    @property
    def reproduce(self) -> str:
        """The commands up to the first problem, to paste."""
        return " && ".join(self.commands[: self.failing])


async def settle(case: Case, owing: Owing, databases: Databases) -> Found:
    """Settle what the gate database owes."""
    if not case.stack.migrates(case.workspace):
        none = owing.cannot(_TOOL, _NO_TOOL, ran="files of the tree", reproduce="find . -name alembic.ini")
        return joined((none, schema.settle(case, owing)))
    migrations = await case.stack.migrations(case.workspace)
    rollback = await _rollback(case, owing, databases, migrations.line)
    beside = await asyncio.to_thread(lambda: schema_changes(case.workspace.read(), migrations.folders))
    return joined((_heads(owing, migrations, beside), rollback, schema.settle(case, owing)))


def steps(line: tuple[str, ...]) -> tuple[Step, ...]:
    """Up to each of the newest revisions, down to each, and up at once, as a deployment does."""
    stops = line[-_SINGLY:-1]
    return (
        *(Step("up", revision) for revision in stops),
        Step("up"),
        *(Step("down", revision) for revision in reversed(stops)),
        Step("down"),
        Step("up"),
    )


def _heads(owing: Owing, migrations: Migrations, beside: Sequence[str]) -> Found:
    told, heads = migrations.told, migrations.heads
    ran = " ".join(told.command)
    if not told.ok:
        why = f"the migrations cannot be read: {tail(told)}"
        return owing.cannot(("MIG-TOOL", "MIG-VCS"), why, ran=ran, reproduce=ran)
    named = ", ".join(heads)
    none = [] if heads else ["the migration tool finds no migration"]
    several = [f"{len(heads)} heads: {named}; merge them into one line"] if len(heads) > 1 else []
    receipts: list[Receipt] = [
        *owing.judge(
            "MIG-TOOL",
            [*none, *(f"{place}: changes the schema, and is no migration" for place in beside)],
            ran=f"{ran}; the syntax trees of all other code",
            found=f"head {named}; nothing else changes the schema",
            reproduce=shown(beside, ran) if heads else ran,
            places=beside,
            seconds=told.seconds,
        ),
        *owing.judge("MIG-VCS", none + several, ran=ran, found="one head", reproduce=ran, seconds=told.seconds),
    ]
    return Found(tuple(receipts))


async def _rollback(case: Case, owing: Owing, databases: Databases, line: tuple[str, ...]) -> Found:
    async with databases.empty() as database:
        walk = _Walk({"": await _catalog(case, database)})
        for step in steps(line):
            result = await case.stack.migrate(case.workspace, database.access, step.direction, step.revision)
            walk.commands.append(" ".join(result.command))
            walk.seconds += result.seconds
            if not result.ok:
                walk.blame(f"{step} failed: {tail(result)}")
                break
            _compare(walk, step, case.catalog, await _catalog(case, database))
    receipts = owing.judge(
        "MIG-ROLLBACK",
        walk.problems,
        ran=" && ".join(walk.commands),
        found=_fine(line),
        reproduce=walk.reproduce,
        seconds=walk.seconds,
    )
    return Found(receipts)


def _compare(walk: _Walk, step: Step, supplied: Catalog, found: Catalog) -> None:
    """Hold what is there after a step against what is meant to be there; stops on the way up are only remembered."""
    if step.direction == "up" and step.revision:
        walk.stood[step.revision] = found
        return
    expected, meant = (supplied, "the supplied schema") if step.direction == "up" else _before(walk, step)
    different = "; ".join(catalog_differences(expected, found))[:_SHOWN]
    if different:
        walk.blame(f"after {step}, expected {meant}: {different}")


def _before(walk: _Walk, step: Step) -> tuple[Catalog, str]:
    """What stood here on the way up, and how the problem calls it, which speaks of two catalogs."""
    if not step.revision:
        return walk.stood[""], "that nothing is left"
    return walk.stood[step.revision], f'what stood there after up to {step.revision} (here called "supplied")'


def _fine(line: tuple[str, ...]) -> str:
    singly = len(line[-_SINGLY:-1])
    by_step = f"; at each of {singly} revisions between as on the way up" if singly else ""
    branched = "" if line else " (no single line of revisions: all of them at once)"
    return f"the supplied schema after up, nothing after down{by_step}, and the supplied schema after up{branched}"


async def _catalog(case: Case, database: Opened) -> Catalog:
    return await asyncio.to_thread(catalog_of, case.server, database.database)
