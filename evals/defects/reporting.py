"""What an evaluation shows, rule by rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.rulebook.model import Proof, Rulebook
from evals.defects.judging import Judged


@dataclass(frozen=True, slots=True)
class RuleRow:
    """How one rule did."""

    rule: str
    caught: tuple[str, ...]
    """Defects whose every obligation of this rule failed."""
    missed: tuple[str, ...]
    """Defects of which an obligation of this rule did not fail."""
    also: tuple[str, ...]
    """Obligations of other rules, or for other subjects, that failed on its defects as well."""

    def as_dict(self) -> Mapping[str, object]:
        """For JSON."""
        return {"rule": self.rule, "caught": self.caught, "missed": self.missed, "also": self.also}


def rows(judged: Sequence[Judged]) -> tuple[RuleRow, ...]:
    """One row for each rule that had to notice something."""
    return tuple(_row(rule, judged) for rule in sorted({_rule(one) for each in judged for one in _owed(each)}))


def unproven(rulebook: Rulebook, settled: Iterable[str], judged: Sequence[Judged]) -> Mapping[str, tuple[str, ...]]:
    """Rules of the stack whose proof is a check: those without one, and those that no seeded defect was to fail."""
    checked, seeded = frozenset(settled), {_rule(one) for each in judged for one in _owed(each)}
    computable = {Proof.STATIC, Proof.DYNAMIC, Proof.TESTS}
    rules = [rule.id for rule in rulebook.for_stack("python-fastapi") if computable.intersection(rule.proofs)]
    return {
        "without a check": tuple(rule for rule in rules if rule not in checked),
        "without a defect": tuple(rule for rule in rules if rule in checked and rule not in seeded),
    }


def _row(rule: str, judged: Sequence[Judged]) -> RuleRow:
    mine = [one for one in judged if rule in map(_rule, _owed(one))]
    missed = tuple(one.defect for one in mine if rule in map(_rule, one.missed))
    also = sorted({obligation for one in mine for obligation in one.also})
    return RuleRow(rule, tuple(one.defect for one in mine if one.defect not in missed), missed, tuple(also))


def _owed(judged: Judged) -> tuple[str, ...]:
    return (*judged.caught, *judged.missed)


def _rule(obligation: str) -> str:
    return obligation.split(":")[0]
