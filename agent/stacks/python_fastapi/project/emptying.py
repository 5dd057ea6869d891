"""SQL with which tests empty the database after each of them."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter

from agent.catalog.model import Catalog
from agent.stacks.python_fastapi.project.comparing import quoted_table

_SEQUENCES = """
SELECT setval(seqrelid::regclass, seqstart, false)
FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid
WHERE pg_has_role(relowner, 'USAGE');
""".strip()
_MORE_THAN_ROWS = re.compile(r"\bTRIGGER\b.*\bDELETE\b|\bRULE\b|\bPOLICY\b|\bROW\s+LEVEL\b", re.IGNORECASE | re.DOTALL)
"""What makes a DELETE do more, or less, than take rows away."""


def emptying(catalog: Catalog) -> str:
    """Statements that leave no row in any table, and let numbers begin anew.

    A DELETE of each table, those that refer to others first: of a few rows it costs a small part of a TRUNCATE, which
    makes new files for each table and index. A TRUNCATE where tables refer to each other in a circle, or where a DELETE
    does something else.
    """
    order = _children_first(catalog)
    if order is None or any(_MORE_THAN_ROWS.search(one.sql) for one in catalog.statements):
        tables = ",\n    ".join(quoted_table(table.name) for table in catalog.tables)
        return f"TRUNCATE\n    {tables}\nRESTART IDENTITY CASCADE"
    return "\n".join((*(f"DELETE FROM {quoted_table(name)};" for name in order), _SEQUENCES))


def _children_first(catalog: Catalog) -> tuple[str, ...] | None:
    """The tables in an order in which none is emptied before those that refer to it; None where there is none."""
    sorter = TopologicalSorter[str]({table.name: () for table in catalog.tables})
    for table in catalog.tables:
        for key in table.foreign_keys:
            if key.table != table.name:
                sorter.add(key.table, table.name)
    try:
        return tuple(sorter.static_order())
    except CycleError:
        return None
