"""Lines to paste into a shell in the worktree, which show a failure again.

`$SOCKET` is where the service listens, which finds its settings in the environment; `$API` and `$SCHEMA` are the files
of the supplied contract and schema.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace

from agent.checklist.case import Case, Found
from agent.receipts import Outcome, Receipt
from agent.stacks.base import DatabaseAccess, ServiceBroken

NOT_APPLICABLE = "not applicable: "
"""How the reason begins why a rule asks nothing of this backend: then there is nothing that would settle it."""
QUIETER = "ask again when less runs beside it"
"""What helps where the machine was too busy."""

_PLACE = re.compile(r"(?P<path>[^\s:]+):(?P<line>\d+)\b")
_TEST = re.compile(r"(?P<test>[^\s:]+\.py::\S+?)(?=:\s|\s|$)")
_FILE = re.compile(r"(?P<path>[^\s:]+\.\w+): ")
_NOWHERE = DatabaseAccess("postgresql://nobody@localhost/nothing")


def shown(problems: Sequence[str], otherwise: str) -> str:
    """What shows the first problem: the line, test or file that it begins with, else the other command."""
    first = problems[0] if problems else ""
    if test := _TEST.match(first):
        return f"python -m pytest {shlex.quote(test['test'])}"
    if place := _PLACE.match(first):
        return f"sed -n {place['line']}p {shlex.quote(place['path'])}"
    if file := _FILE.match(first):
        return f"ls -l {shlex.quote(file['path'])}"
    return otherwise


def starting(case: Case) -> str:
    """The command that starts the service; what is wrong with its code, where it cannot be told how it is started."""
    try:
        command = case.stack.service(case.workspace, _NOWHERE, '"$SOCKET"').command
    except ServiceBroken as error:
        return error.reproduce
    return " ".join(command)


def asked_again(check: str = "") -> str:
    """What asks this check again, or all of them."""
    only = f" --only {check}" if check else ""
    return f'agent verify . --api "$API" --schema "$SCHEMA"{only}'


def pasteable(found: Found, check: str = "") -> Found:
    """The same; what no request and no command of its own shows again, failed or left open, is shown by the check."""
    receipts = (
        one.model_copy(update={"reproduce": asked_again(check)}) if _shown_by_asking(one) else one
        for one in found.receipts
    )
    return replace(found, receipts=tuple(receipts))


def _shown_by_asking(receipt: Receipt) -> bool:
    left_open = receipt.outcome is Outcome.UNCHECKED and not receipt.found.startswith(NOT_APPLICABLE)
    return not receipt.reproduce and (left_open or receipt.outcome is Outcome.FAILED)
