"""The persona says every rule of a stack, in few tokens and always in the same bytes."""

from __future__ import annotations

import pytest
from jinja2 import TemplateNotFound
from syrupy.assertion import SnapshotAssertion

from agent.rulebook.loading import load_rulebook
from agent.rulebook.model import Rulebook, StackName
from prompts import rendering
from prompts.rendering import persona

STACKS: tuple[StackName, ...] = ("python-fastapi", "typescript-fastify", "typescript-express")
CHARACTERS_A_TOKEN = 3.5
"""Fewer than English prose and code have with any current tokenizer: the estimate errs on the safe side."""


@pytest.mark.parametrize("stack", STACKS)
def test_the_persona_as_it_is_sent(stack: StackName, snapshot: SnapshotAssertion) -> None:
    assert persona(load_rulebook(), stack) == snapshot


@pytest.mark.parametrize("stack", STACKS)
def test_every_rule_of_the_stack_is_said_once_and_no_other(stack: StackName) -> None:
    text = persona(load_rulebook(), stack)
    for rule in load_rulebook().rules.values():
        assert text.count(f"- {rule.id}: {rule.text}\n") == (stack in rule.stacks)


@pytest.mark.parametrize("stack", STACKS)
def test_it_stays_under_6000_tokens(stack: StackName) -> None:
    assert len(persona(load_rulebook(), stack)) / CHARACTERS_A_TOKEN < 6000


def test_every_gate_is_one_heading() -> None:
    lines = persona(load_rulebook(), "python-fastapi").splitlines()
    headings = [line for line in lines if line.startswith("## ")]
    assert len(headings) == len(set(headings)) == 14


def test_the_same_rulebook_gives_the_same_bytes() -> None:
    first = persona(load_rulebook(), "python-fastapi")
    rendering._environment.cache_clear()
    again = Rulebook(dict(load_rulebook().rules))
    assert persona(again, "python-fastapi").encode() == first.encode()


def test_a_stack_without_a_page_is_an_error() -> None:
    with pytest.raises(TemplateNotFound, match="cobol"):
        persona(load_rulebook(), "cobol")
