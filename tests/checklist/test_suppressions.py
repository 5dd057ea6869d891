"""Comments that silence tools are counted as the tokenizer sees them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checklist.suppressions import suppressions


@pytest.mark.parametrize(
    ("line", "kind", "explained"),
    [
        ("import os  # noqa", "lint", False),
        ("import os  # noqa: F401", "lint", False),
        ("import os  # noqa: F401 re-exported for plugins", "lint", True),
        ("x = y  # type: ignore", "types", False),
        ("x = y  # type: ignore[arg-type]", "types", False),
        ("x = y  # type: ignore[arg-type]  # the stub lacks this overload", "types", True),
        ("x = y  # type: ignore because I say so", "types", False),
        ("if x:  # pragma: no cover", "other", False),
    ],
)
def test_a_suppression_needs_a_code_and_a_reason(line: str, kind: str, explained: bool) -> None:
    (found,) = suppressions({"a.py": f"{line}\n"})
    assert (found.line, found.kind, found.explained) == (1, kind, explained)


def test_the_reason_may_stand_above() -> None:
    (found,) = suppressions({"a.py": "# re-exported for plugins\nimport os  # noqa: F401\n"})
    assert found.explained


def test_text_that_only_looks_like_one_does_not_count() -> None:
    assert not suppressions({"a.py": 'x = "# noqa"\n"""\n# type: ignore\n"""\n', "b.txt": "# noqa\n"})


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assert all(one.line >= 1 for one in suppressions({"a.py": text}))
