"""DBS-STAMPS: rows say when they were made and last changed, and the system keeps it, service or database.

That the columns are there is the supplied schema's business; that they are kept is seen in rows before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from agent.binding.model import Bound
from agent.catalog.model import Table
from agent.checklist.case import Case, Owing
from agent.checklist.probe.store import Row
from agent.checklist.schema import linking
from agent.receipts import Receipt

RULE = "DBS-STAMPS"
RULES: Mapping[str, str] = {
    RULE: "errors: created_at and updated_at in the catalog, and in each row that an operation made or changed",
}

MADE, CHANGED = "created_at", "updated_at"
_OFF = timedelta(days=2)
"""How far a moment may be from now, whatever the zone in which it was written down."""


def stamp_problems(table: Table) -> list[str]:
    """What the supplied table lacks; one that only joins others is made and removed, and never changed."""
    wanted = (MADE,) if linking(table) else (MADE, CHANGED)
    return [f"{table.name} has no column {name}" for name in wanted if table.column(name) is None]


def unkept(bound: Bound, body: Any, before: Row | None, after: Row) -> Iterator[str]:
    """What the row says wrongly about when it was made or changed; what callers may send is theirs to keep."""
    sent = {one.column for one in bound.body if isinstance(body, dict) and one.property in body}
    table = after.table.name
    if before is None:
        for name in {MADE, CHANGED} - sent:
            if name in after.values and not _is_now(after.values[name]):
                yield f"{bound.operation.key} made a row of {table} whose {name} is {after.values[name]}"
        return
    changed = {name for name, value in after.values.items() if value != before.values.get(name)}
    if not changed - {MADE, CHANGED}:
        return
    if CHANGED in after.values and CHANGED not in changed | sent:
        yield f"{bound.operation.key} changed {', '.join(sorted(changed))} of {table}, and {CHANGED} stayed as it was"
    if MADE in changed - sent:
        yield f"{bound.operation.key} changed {MADE} of {table}, when the row was made long ago"


def judge(
    case: Case, owing: Owing, problems: Iterable[tuple[str, str, str]], ran: str, hindered: str = ""
) -> Iterator[Receipt]:
    """One receipt a table; `problems` are table, problem and how to see it. `hindered`: nothing could be asked."""
    told = list(problems)
    for subject in owing.subjects(RULE):
        table = case.catalog.table(subject)
        missing = stamp_problems(table) if table else []
        if missing:
            yield from owing.blame_input(RULE, missing, subject=subject, ran="catalog")
        elif hindered:
            failed = owing.cannot([RULE], hindered, ran=ran, reproduce="").receipts
            yield from (one for one in failed if one.subject == subject)
        else:
            mine = [(problem, reproduce) for name, problem, reproduce in told if name == subject]
            yield from owing.judge(
                RULE,
                [problem for problem, _ in mine],
                subject=subject,
                ran=ran,
                found="both columns, and nothing that was seen to be made or changed says otherwise",
                reproduce=mine[0][1] if mine else "",
            )


def _is_now(value: Any) -> bool:
    match value:
        case datetime():
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
            return abs(datetime.now(UTC) - moment) < _OFF
        case date():
            return abs(datetime.now(UTC).date() - value) < _OFF
        case _:
            return value is not None
