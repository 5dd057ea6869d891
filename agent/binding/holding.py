"""Which tables have owners, and whether only these see their rows: known before single operations are looked at."""

from __future__ import annotations

from collections.abc import Iterable

from agent.binding.drafting import Draft
from agent.binding.envelopes import row_answer
from agent.binding.inputs import Inputs
from agent.binding.owning import READS, Holdings, owner_column, reads_own
from agent.binding.reasons import Undecided
from agent.binding.storing import CREATES
from agent.catalog.model import Column


def holdings_of(inputs: Inputs, drafts: Iterable[Draft]) -> Holdings:
    """Owners of all tables, as far as the operations that were derived tell."""
    known = list(drafts)
    written = {
        table.name: frozenset(
            field.field.column for one in known if one.action in CREATES and one.table == table for field in one.body
        )
        for table in inputs.catalog.tables
    }
    holdings = Holdings(written)
    owners: dict[str, Column] = {}
    private: set[str] = set()
    unclear: dict[str, str] = {}
    for table in inputs.catalog.tables:
        try:
            owner = owner_column(inputs, holdings, table)
        except Undecided as problem:
            unclear[table.name] = str(problem)
            continue
        if owner is not None:
            owners[table.name] = owner
    for name in owners:
        try:
            if _is_private(inputs, holdings, [one for one in known if one.table.name == name]):
                private.add(name)
        except Undecided as problem:
            unclear[name] = str(problem)
    return Holdings(written, owners, frozenset(private), unclear)


def _is_private(inputs: Inputs, holdings: Holdings, drafts: list[Draft]) -> bool:
    """True when every way to read the rows shows only the caller's own."""
    for one in drafts:
        table = one.table
        owner = owner_column(inputs, holdings, table)
        if one.action not in READS or owner is None:
            continue
        answer = row_answer(inputs, one.operation, one.action, table)[1].fields
        parents = sum(step.joint is not None for step in one.path)
        if not one.mine and not reads_own(inputs, one.operation, table, owner, answer, parents):
            return False
    return True
