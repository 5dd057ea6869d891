"""Carries attempts out as an unprivileged user: WORKTREE UID BAIT, then their names on standard input, one a line.

Everything is imported first, because that user may not be able to read where Python and this project lie.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from tests.sandbox.escapes.attempt import carry_out
from tests.sandbox.escapes.bait import Bait
from tests.sandbox.escapes.catalogue import attempts
from tools.sandbox.bubblewrap import Bubblewrap


async def main() -> None:
    """Drop to the user, then answer each name with the command's result, as a line of JSON."""
    worktree, user, known = Path(sys.argv[1]), int(sys.argv[2]), attempts(Bait(**json.loads(sys.argv[3])))
    await asyncio.to_thread(int)  # asyncio imports its threads when they are first used
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    sandbox = Bubblewrap(worktree)
    assert sandbox.mode == "user"
    for line in sys.stdin:
        result = await carry_out(sandbox, known[line.rstrip("\n")])
        print(json.dumps(asdict(result)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
