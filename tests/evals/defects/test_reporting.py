"""What an evaluation shows: per rule what was caught and missed, and the rules that nothing proves."""

from __future__ import annotations

from agent.rulebook.loading import load_rulebook
from evals.defects.judging import Judged
from evals.defects.reporting import rows, unproven


def judged(
    defect: str, *, caught: tuple[str, ...] = (), missed: tuple[str, ...] = (), also: tuple[str, ...] = ()
) -> Judged:
    return Judged(defect=defect, key="k", caught=caught, missed=missed, also=also, seconds=1.0)


def test_a_defect_counts_for_each_of_its_rules() -> None:
    found = rows([judged("one", caught=("API-PAGE:GET /a", "API-PAGE:GET /b"), missed=("TST-DB:files",))])
    assert [(row.rule, row.caught, row.missed) for row in found] == [
        ("API-PAGE", ("one",), ()),
        ("TST-DB", (), ("one",)),
    ]


def test_a_rule_has_missed_what_it_did_not_see_everywhere() -> None:
    (row,) = rows([judged("one", caught=("API-PAGE:GET /a",), missed=("API-PAGE:GET /b",), also=("MIG-VCS:files",))])
    assert (row.caught, row.missed, row.also) == ((), ("one",), ("MIG-VCS:files",))


def test_rules_that_nothing_proves_are_named() -> None:
    lacking = unproven(load_rulebook(), ["MIG-VCS", "API-PAGE"], [judged("one", caught=("API-PAGE:GET /a",))])
    assert lacking["without a defect"] == ("MIG-VCS",)
    assert "STK-PY" in lacking["without a check"]
    assert "COL-RESEARCH" not in lacking["without a defect"]
