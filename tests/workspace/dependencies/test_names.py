"""Names that somebody could mistake for well-known ones, and names that nobody would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.workspace.dependencies.licences import permitted
from agent.workspace.dependencies.names import near_miss, well_known


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("requets", "requests"),
        ("reqeusts", "requests"),
        ("request", "requests"),
        ("djang0", "django"),
        ("numpyy", "numpy"),
        ("colourama", "colorama"),
        ("python-requests", "requests"),
        ("requests-python", "requests"),
        ("sqlalchemyy", "sqlalchemy"),
        ("fast-api", "fastapi"),
    ],
)
def test_a_name_like_a_well_known_one_is_noticed(asked: str, meant: str) -> None:
    assert near_miss(asked, well_known()) == meant


@pytest.mark.parametrize("asked", ["requests", "Python_Dateutil", "humanize", "quillpad", "my-own-thing"])
def test_a_name_of_its_own_is_not(asked: str) -> None:
    assert near_miss(asked, well_known()) is None


@given(st.sampled_from(sorted(name for name in well_known() if len(name) > 5)), st.integers(0, 30))
def test_a_letter_left_out_is_always_noticed(name: str, at: int) -> None:
    asked = name[: at % len(name)] + name[at % len(name) + 1 :]
    assert asked.strip("-") != asked or asked in well_known() or near_miss(asked, well_known()) is not None


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT OR GPL-3.0-only) AND ISC", True),
        ("GPL-3.0-only AND (MIT OR ISC)", False),
        ("GPL-3.0-only OR MIT AND ISC", True),
        ("MIT WITH LLVM-exception", True),
        ("", False),
    ],
)
def test_an_expression_is_permitted_when_the_licences_satisfy_it(expression: str, holds: bool) -> None:
    assert permitted(expression, {"MIT", "ISC"}) is holds
