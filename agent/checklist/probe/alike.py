"""More rows like one that is known."""

from __future__ import annotations

from contextlib import suppress

from agent.binding.model import Bound
from agent.checklist.probe.store import NoRow, Row
from agent.checklist.probe.world import World


def make_alike(world: World, bound: Bound, template: Row | None, count: int) -> None:
    """Rows of the same owner, below the same parents, else made up; half of them alike."""
    table = world.catalog.table(bound.table)
    if table is None or template is None or template.table.name != table.name:
        return
    alone = {column for unique in (table.primary_key, *(one.columns for one in table.uniques)) for column in unique[:1]}
    shared = {name for key in table.foreign_keys for name in key.columns}
    shared |= {bound.owner} if bound.owner else set()
    fixed = {name: template.values[name] for name in shared - set(table.primary_key) if name in template.values}
    with suppress(NoRow):
        world.asker.store.seed(table.name, fixed, count=count - count // 2)
    sorts = set(bound.sorting.columns.values()) if bound.sorting else set()
    alike = {name: template.values[name] for name in sorts - alone if name in template.values and table.column(name)}
    generated = {column.name for column in table.columns if column.generated}
    with suppress(NoRow):
        world.asker.store.seed(
            table.name, {**fixed, **{k: v for k, v in alike.items() if k not in generated}}, count=count // 2
        )
