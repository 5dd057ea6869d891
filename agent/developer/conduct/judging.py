"""Compares a worktree before and after an assignment, and says what is to be put back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from agent.developer.conduct.code import pretended_code
from agent.developer.conduct.model import Conduct, Offence
from agent.developer.conduct.settings import changed_settings
from agent.developer.conduct.tests import weakened_tests
from tools.errors import EditFailed
from tools.functions import transplant


def judge(
    before: Mapping[str, str], after: Mapping[str, str], *, holes: Collection[str] = (), meant: Collection[str] = ()
) -> Conduct:
    """What in the changes only makes checks pass: weaker tests, other settings, silenced tools, errors swallowed,
    answers that ignore what was asked. Where nothing was there before, nothing can have been weakened.

    `holes`: qualified names of the functions that were to be written; `meant`: files that the assignment names.
    It compares shapes, and can be deceived; what a change does is for the gates to find.
    """
    if not before:
        return Conduct()
    offences = (
        *(one for one in changed_settings(before, after) if one.path not in meant),
        *weakened_tests(before, after),
        *pretended_code(before, after, holes),
    )
    back = dict(_back(before, after, offences))
    return Conduct(tuple(f"{one}{' (put back)' if one.path in back else ''}" for one in offences), back)


def _back(
    before: Mapping[str, str], after: Mapping[str, str], offences: Collection[Offence]
) -> Iterator[tuple[str, str | None]]:
    """Each touched file as it is to be: whole where the file is meant, else with its functions as they were."""
    for path in dict.fromkeys(one.path for one in offences):
        here = [one for one in offences if one.path == path]
        whole = any(one.back == "file" for one in here)
        names = sorted({one.function for one in here if one.back == "function"})
        text = before.get(path) if whole else _with_old(before.get(path, ""), after[path], names)
        if text != after.get(path):
            yield path, text


def _with_old(before: str, after: str, names: Collection[str]) -> str:
    for name in names:
        try:
            after = transplant(after, before, name)
        except EditFailed:
            continue  # a new function: it stays, and is told of
    return after
