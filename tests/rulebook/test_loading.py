"""The rulebook says every statement of the persona once."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.rulebook.loading import gates, load_rulebook
from agent.rulebook.model import Gate, Proof, SubjectKind

LEDGER = tuple((Path(__file__).parent / "ledger_ids.txt").read_text(encoding="utf-8").split())
RULES = load_rulebook().rules


def test_it_has_the_ids_of_the_ledger_in_the_ledgers_order() -> None:
    assert tuple(RULES) == LEDGER
    assert all(rule.id == name for name, rule in RULES.items())


def test_it_is_read_once() -> None:
    assert load_rulebook() is load_rulebook()


@pytest.mark.parametrize("name", LEDGER)
def test_a_rule_is_one_plain_sentence_with_a_proof(name: str) -> None:
    rule = RULES[name]
    assert rule.text.endswith(".")
    assert "\n" not in rule.text
    assert 10 < len(rule.text) < 160
    assert rule.how
    assert rule.proofs
    assert rule.stacks


def test_no_two_rules_say_the_same() -> None:
    assert len({rule.text for rule in RULES.values()}) == len(RULES)


@pytest.mark.parametrize(
    ("prefix", "gate"),
    [
        ("RUF", Gate.LINT),
        ("NAM", Gate.LINT),
        ("TSC", Gate.TYPES),
        ("MYP", Gate.TYPES),
        ("VAL", Gate.VALIDATION),
        ("SVC", Gate.ERRORS),
        ("LOG", Gate.LOGGING),
        ("TRC", Gate.OBSERVABILITY),
        ("MET", Gate.OBSERVABILITY),
        ("OBS", Gate.OBSERVABILITY),
        ("TST", Gate.TESTS),
        ("SEC", Gate.HEADERS),
        ("JWT", Gate.HEADERS),
        ("PWD", Gate.HEADERS),
        ("AUT", Gate.HEADERS),
        ("DBS", Gate.DATABASE),
        ("DBQ", Gate.DATABASE),
        ("MIG", Gate.DATABASE),
        ("PRF", Gate.PERFORMANCE),
        ("LAY", Gate.LAYOUT),
        ("STK", Gate.LAYOUT),
        ("INP", Gate.DELIVERY),
        ("OUT", Gate.DELIVERY),
        ("COL", Gate.DELIVERY),
    ],
)
def test_a_family_of_rules_counts_for_its_gate(prefix: str, gate: Gate) -> None:
    assert {rule.gate for rule in RULES.values() if rule.id.startswith(prefix)} == {gate}


def test_rules_that_leave_their_family() -> None:
    found = gates(load_rulebook())
    assert found["CON-RUNTIME"] is Gate.VALIDATION
    assert found["API-ERROR"] is found["API-STATUS"] is Gate.ERRORS
    assert found["API-RATE"] is found["API-PAGE"] is found["API-IDEM"] is Gate.LIMITS


def test_every_gate_has_rules() -> None:
    assert {rule.gate for rule in RULES.values()} == set(Gate)


def test_a_stack_gets_its_own_rules_and_the_common_ones() -> None:
    python = {rule.id for rule in load_rulebook().for_stack("python-fastapi")}
    fastify = {rule.id for rule in load_rulebook().for_stack("typescript-fastify")}
    express = {rule.id for rule in load_rulebook().for_stack("typescript-express")}
    assert fastify == express
    assert python | fastify == set(LEDGER)
    assert python - fastify == {
        *("STK-PY", "STK-HTTP-PY", "NAM-FILE-PY", "LAY-PY"),
        *("RUF-TARGET", "RUF-LINE", "RUF-SELECT", "MYP-VERSION", "MYP-STRICT", "MYP-RETURN-ANY"),
    }
    assert all(name[:3] in {"STK", "TSC", "NAM", "LAY"} for name in fastify - python)


def test_only_static_proofs_have_the_files_or_the_tables_as_subject_unless_more_is_run() -> None:
    for rule in RULES.values():
        if rule.subject is SubjectKind.TABLE:
            assert Proof.STATIC in rule.proofs
        if rule.subject is SubjectKind.TREE:
            assert {Proof.STATIC, Proof.TESTS} & set(rule.proofs)
