"""Reads the rulebook that the runtime ships with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypedDict, cast

from agent.rulebook.model import Applies, Gate, Proof, Rule, Rulebook, StackName, SubjectKind

_STACKS: Mapping[str, frozenset[StackName]] = {
    "py": frozenset({"python-fastapi"}),
    "ts": frozenset({"typescript-fastify", "typescript-express"}),
    "both": frozenset({"python-fastapi", "typescript-fastify", "typescript-express"}),
}


class _Entry(TypedDict, total=False):
    """One entry of `rules.yaml`, as its header describes it."""

    text: str
    gate: str
    stack: Literal["py", "ts", "both"]
    proof: list[str]
    how: str
    subject: str
    applies: Applies


@cache
def load_rulebook() -> Rulebook:
    """The rules in their order. Read once a process; the same object afterwards."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = Path(__file__).with_name("rules.yaml").read_text(encoding="utf-8")
    entries = cast("dict[str, _Entry]", yaml.load(text, loader))
    return Rulebook(MappingProxyType({name: _rule(name, entry) for name, entry in entries.items()}))


def gates(rulebook: Rulebook) -> dict[str, Gate]:
    """The gate of each rule, by id."""
    return {rule.id: rule.gate for rule in rulebook.rules.values()}


def _rule(name: str, entry: _Entry) -> Rule:
    return Rule(
        id=name,
        text=entry["text"],
        gate=Gate(entry["gate"]),
        stacks=_STACKS[entry["stack"]],
        proofs=tuple(Proof(proof) for proof in entry["proof"]),
        how=entry["how"],
        subject=SubjectKind(entry["subject"]),
        applies=entry.get("applies", "every"),
    )
