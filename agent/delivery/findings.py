"""Failures that are one: the same rule, broken in the same way, at many subjects; and what hindered many checks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from agent.receipts import Outcome, Receipt
from agent.rulebook.model import Gate

_PARAMETER = re.compile(r"\\\{[^{}]*\\\}")
_BASE = r"(?:/[\w.~-]+)*?"
_REQUEST = re.compile(r" \(curl [^\n]*\)$", re.MULTILINE)
"""What was sent, at the end of a line: its values are random."""
_NUMBER = re.compile(r"\d+")
"""Moments and process ids, in what a service printed before it ended."""
_QUERY = r"(?:\?[^\s'\"]*)?"


class Finding(BaseModel):
    """One thing that is wrong, and everything that it is wrong with."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    rule: str
    """The rule that is broken."""
    gate: Gate
    """The gate that the rule belongs to."""
    rules: tuple[str, ...]
    """That rule; where something hindered the checks of several, all of them, none of which was looked at."""
    subjects: tuple[str, ...]
    """Everything that breaks it in this way: operations, tables, `files` or `service`."""
    found: str
    """What came back for the first subject."""
    ran: str
    """What was carried out for the first subject."""
    reproduce: str
    """The smallest way to see it again, to paste; for the first subject that has one."""
    places: tuple[str, ...]
    """`file:line` of all subjects, each once."""

    @property
    def name(self) -> str:
        """`TST-COVER:files`; the rule alone where there are several subjects, or how many rules there are."""
        if len(self.rules) > 1:
            return f"{self.rule} and {len(self.rules) - 1} more rules, which could not be looked at"
        return f"{self.rule}:{self.subjects[0]}" if len(self.subjects) == 1 else self.rule


def findings(receipts: Iterable[Receipt]) -> tuple[Finding, ...]:
    """The failures among these receipts, in their order, those that are alike as one."""
    alike: dict[tuple[str, str], list[Receipt]] = {}
    for receipt in receipts:
        if receipt.outcome is Outcome.FAILED:
            key = ("", _NUMBER.sub("0", receipt.found)) if receipt.hindered else (receipt.rule, likeness(receipt))
            alike.setdefault(key, []).append(receipt)
    return tuple(_finding(members) for members in alike.values())


def likeness(receipt: Receipt) -> str:
    """What was found, without what only names the subject: equal texts tell of the same failure."""
    found = _REQUEST.sub("", receipt.found)
    method, _, path = receipt.subject.partition(" ")
    if not path:
        return re.sub(rf"(?<!\w){re.escape(receipt.subject)}(?!\w)", "{subject}", found)
    template = _PARAMETER.sub(r"[^/\\s?'\"]+", re.escape(path))
    return re.sub(rf"{re.escape(method)} {_BASE}{template}(?![\w/]){_QUERY}", "{subject}", found)


def _finding(alike: list[Receipt]) -> Finding:
    first = alike[0]
    rules = tuple(dict.fromkeys(receipt.rule for receipt in alike))
    subjects = [receipt.subject for receipt in alike]
    return Finding(
        rule=first.rule,
        gate=first.gate,
        rules=rules,
        subjects=tuple(subjects if len(rules) == 1 else dict.fromkeys(subjects)),
        found=first.found,
        ran=first.ran,
        reproduce=next((receipt.reproduce for receipt in alike if receipt.reproduce), ""),
        places=tuple(dict.fromkeys(place for receipt in alike for place in receipt.places)),
    )
