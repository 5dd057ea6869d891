"""The record of a test run: lines of JSON, each sealed with a key and with the line before it.

What the tests themselves write into the file breaks the chain, and a run that did not come to its end has no last line.
The key lies in a file that is removed before anything of the worktree is imported.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

KEY, RECORD, PLAN, HUNG = "key", "record.jsonl", "changes.json", "hung.txt"
"""Names in the results folder. What hung is for people to read: nothing vouches for it."""

Write = Callable[[dict[str, Any]], None]


def seal(key: bytes, before: str, line: str) -> str:
    """What vouches for a line that comes after the line with the seal `before`."""
    return hmac.new(key, f"{before}\n{line}".encode(), hashlib.sha256).hexdigest()[:32]


def open_record(folder: Path) -> Write:
    """A function that adds to the record in a folder. What forked processes give it is left out.

    The key is in reach of this function alone: code that looks into this process's memory can still find it there.
    """
    key = (folder / KEY).read_bytes()
    (folder / KEY).unlink()
    file = (folder / RECORD).open("w", encoding="utf-8")
    process, lock, last = os.getpid(), threading.Lock(), ""
    own_id, dumps, sealed = os.getpid, json.dumps, seal  # what the tests put in their place later is not used

    def write(record: dict[str, Any]) -> None:
        nonlocal last
        if own_id() != process:
            return
        with lock:
            line = dumps(record)
            last = sealed(key, last, line)
            file.write(f"{last} {line}\n")
            file.flush()

    return write
