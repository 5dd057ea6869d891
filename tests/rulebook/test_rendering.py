"""The rulebook on a terminal."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from agent.errors import ExitCode, InputError
from agent.rulebook.loading import load_rulebook
from agent.rulebook.rendering import one_rule, rule_list

CHECKS = {"CON-PARITY": "gate contract: served document beside the supplied one", "MYP-STRICT": "gate types: mypy"}


def test_all_rules(snapshot: SnapshotAssertion) -> None:
    assert rule_list(load_rulebook(), CHECKS) == snapshot


def test_every_rule_stands_there_and_those_without_a_check_are_marked() -> None:
    lines = rule_list(load_rulebook(), CHECKS).splitlines()
    assert lines[0] == "115 rules, 2 of them checked (* not checked yet)."
    marks = {line[2:].split()[0]: line[0] for line in lines if line[:1] in {"*", " "} and line[2:3] != " "}
    assert {name: mark for name, mark in marks.items() if mark == " "} == dict.fromkeys(CHECKS, " ")
    assert set(marks) == set(load_rulebook().rules)
    assert max(map(len, lines)) <= 100


def test_the_rules_of_one_stack() -> None:
    text = rule_list(load_rulebook(), CHECKS, "python-fastapi")
    assert "RUF-LINE" in text
    assert "TSC-STRICT" not in text


@pytest.mark.parametrize("name", list(load_rulebook().rules))
def test_each_rule_can_be_looked_up(name: str) -> None:
    text = one_rule(load_rulebook(), name.lower(), CHECKS)
    assert text.startswith(f"{name}\n")
    assert load_rulebook().rules[name].how in text
    assert ("no check yet" in text) == (name not in CHECKS)


def test_what_its_check_costs_is_told_with_a_rule() -> None:
    looking = {"PRF-RPS": {"check": "performance", "costs": "about 5 s"}}
    assert one_rule(load_rulebook(), "PRF-RPS", CHECKS, looking).endswith(
        "check       performance\ncosts       about 5 s"
    )
    assert "costs" not in one_rule(load_rulebook(), "PRF-P95", CHECKS, looking)


@pytest.mark.parametrize("name", ["CON-PARITY", "API-IDEM", "PWD-HASH", "TSC-STRICT"])
def test_one_rule(name: str, snapshot: SnapshotAssertion) -> None:
    assert one_rule(load_rulebook(), name, CHECKS) == snapshot


def test_an_unknown_rule_names_the_nearest() -> None:
    with pytest.raises(InputError, match="^there is no rule 'con-parit'; did you mean CON-PARITY\\?$") as raised:
        one_rule(load_rulebook(), "con-parit", {})
    assert raised.value.exit_code is ExitCode.BAD_INPUT
    with pytest.raises(InputError, match="^there is no rule '42'; `agent rules` lists them$"):
        one_rule(load_rulebook(), "42", {})
