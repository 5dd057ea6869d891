"""The process that `tools.search` starts: texts and an expression in, matching lines out, both as JSON."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from itertools import islice


def main() -> None:
    """Answer the request on standard input."""
    request = json.load(sys.stdin)
    found = _matches(re.compile(request["expression"]), request["texts"], request["longest"])
    json.dump(list(islice(found, request["limit"])), sys.stdout)


def _matches(expression: re.Pattern[str], texts: list[tuple[str, str]], longest: int) -> Iterator[tuple[str, int, str]]:
    for path, text in texts:
        for number, line in enumerate(text.splitlines(), 1):
            match = expression.search(line)
            if match:
                start = max(0, match.start() - longest // 2) if len(line) > longest else 0
                yield path, number, line[start : start + longest]


if __name__ == "__main__":
    main()
