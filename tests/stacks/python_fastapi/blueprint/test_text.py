"""Foreign text in source is data, whatever it is."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stacks.python_fastapi.blueprint.text import WIDTH, docstring, literal, one_line
from tests.stacks.python_fastapi.blueprint.documents import NASTY

anything = st.one_of(st.text(), st.sampled_from(NASTY), st.lists(st.sampled_from(NASTY)).map("".join))


@given(anything, st.integers(0, 3))
def test_a_docstring_is_one_string_and_nothing_else(text: str, depth: int) -> None:
    margin = "    " * depth
    blocks = "".join(f"{'    ' * level}if True:\n" for level in range(depth))

    tree = ast.parse(f"{blocks}{margin}{docstring(text, indent=len(margin))}\n")

    statement: ast.AST = tree.body[0]
    while isinstance(statement, ast.If):
        assert len(statement.body) == 1
        statement = statement.body[0]
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Constant)
    assert str(statement.value.value).split() == (one_line(text) or "To be described.").split()


@given(anything)
def test_a_literal_has_exactly_the_text(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text


def test_docstrings_are_wrapped_and_hard_wrapped_lines_flow() -> None:
    made = docstring("One\ntwo " + "three " * 40, "Answers:\n- 200: good\n- 404: gone", indent=8)

    assert all(len(line) <= WIDTH for line in made.split("\n"))
    assert made.startswith('"""One two three')
    assert "        Answers:\n        - 200: good\n        - 404: gone\n" in made


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00"])
def test_without_text_a_docstring_says_so(text: str) -> None:
    assert docstring(text) == '"""To be described."""'
