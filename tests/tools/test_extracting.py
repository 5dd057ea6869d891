"""Whatever a model wraps around a function, the function and its imports are what is taken."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.extracting import extracted

BEFORE = '''    async def total(self, *, number: int) -> int:
        """Add it up.

        404 when there is none.
        """
        raise OperationNotImplemented("GET /total")
'''
BARE = "async def total(self, *, number: int) -> int:\n    return number\n"
WHOLE = '''"""What can be done with sums."""

from decimal import Decimal

from src.core.exceptions import NotFound


class SumService:
    """Sums."""

    def __init__(self) -> None: ...

    @traced
    async def total(self, *, number: int) -> int:
        """Another docstring."""
        text = """
  as it stands
"""
        return number


def total(): ...
'''


def test_a_bare_function_gets_the_docstring_of_the_one_before() -> None:
    found = extracted(BARE, "total", BEFORE)
    assert found == (
        "async def total(self, *, number: int) -> int:\n"
        '    """Add it up.\n\n    404 when there is none.\n    """\n'
        "    return number\n"
    )


@pytest.mark.parametrize("before", ["", "async def total(self): ...", "async def (", "x = 1"])
def test_it_stays_bare_where_there_is_none(before: str) -> None:
    assert extracted(BARE, "total", before) == BARE


def test_a_docstring_of_its_own_stays() -> None:
    own = 'def total():\n    """Mine."""\n    return 1\n'
    assert extracted(own, "total", BEFORE) == own


def test_imports_and_the_function_are_taken_out_of_a_module() -> None:
    text = WHOLE.rpartition("\n\n\ndef total")[0]
    found = extracted(text, "total", BEFORE)
    assert found.startswith(
        "from decimal import Decimal\nfrom src.core.exceptions import NotFound\n@traced\nasync def total("
    )
    assert "class SumService" not in found
    assert ast.get_docstring(ast.parse(found).body[-1]) == "Another docstring."  # type: ignore[arg-type]  # a function


def test_a_function_of_the_module_comes_before_one_of_a_class() -> None:
    assert extracted(WHOLE, "total", "").endswith("def total(): ...\n")


@pytest.mark.parametrize("answer", ["I cannot do that.", "def other(): ...", "def total(:", ""])
def test_what_holds_no_such_function_is_left_as_it_is(answer: str) -> None:
    assert extracted(answer, "total", BEFORE) == answer


def test_an_indented_function_is_brought_to_the_margin() -> None:
    assert extracted("        def total(self):\n            return 1\n", "total") == "def total(self):\n    return 1\n"


@settings(max_examples=60)
@given(st.text(max_size=80) | st.text("def total(self):\n \t#\"'\\@", max_size=80))
def test_nothing_breaks_it(answer: str) -> None:
    assert isinstance(extracted(answer, "total", BEFORE), str)
