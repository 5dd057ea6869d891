"""Regular expressions of schemas, matched as ECMAScript does (JSON Schema asks for that), not as Python does."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Callable[[str], bool]:
    """Does the pattern occur in a text? Raises ValueError for what no engine here understands.

    ECMAScript with Unicode first, then without; then Python's own dialect, which documents that were made from
    Python code use.
    """
    import regress

    for flags in ("u", ""):
        try:
            expression = regress.Regex(pattern, flags)
        except regress.RegressError:
            continue
        return lambda text: expression.find(text) is not None
    try:
        python = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"the pattern {pattern} is not a regular expression: {error}") from None
    return lambda text: python.search(text) is not None
