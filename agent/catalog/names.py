"""Names as they stand in SQL."""

from __future__ import annotations

import re


def quoted(name: str) -> str:
    """The identifier, in quotes where PostgreSQL would read it as something else."""
    from pglast.keywords import COL_NAME_KEYWORDS, RESERVED_KEYWORDS, TYPE_FUNC_NAME_KEYWORDS

    taken = RESERVED_KEYWORDS | TYPE_FUNC_NAME_KEYWORDS | COL_NAME_KEYWORDS
    if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in taken:
        return name
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
