"""Carries all attempts out as an unprivileged user, and prints what came of them: WORKTREE FILE PORT ABSTRACT UID.

Everything is imported first, because that user may not be able to read where Python and this project lie.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.sandbox.escapes import Bait, attempt, escapes
from tools.sandbox.bubblewrap import Bubblewrap


async def main() -> None:
    """Drop to the user, try everything, print one JSON object: name → [refused, what happened]."""
    worktree, bait = Path(sys.argv[1]), Bait(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    user = int(sys.argv[5])
    await asyncio.to_thread(int)  # asyncio imports its threads when they are first used
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    sandbox = Bubblewrap(worktree)
    assert sandbox.mode == "user"
    found: dict[str, tuple[bool, str]] = {}
    for escape in escapes(bait):
        if not escape.counted:
            result = await attempt(sandbox, escape)
            found[escape.name] = (escape.refused(result), repr(result)[:2000])
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main())
