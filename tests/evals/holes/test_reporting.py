"""Shares are told with their intervals, and claims that the hidden tests refuse are counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.holes.evaluating import Outcome
from evals.holes.reporting import Share, rows


def outcome(contestant: str, level: str, *, filled: bool, claimed: bool = True, open: tuple[str, ...] = ()) -> Outcome:
    """Of a try that took ten seconds."""
    return Outcome.model_validate(
        {
            "key": "",
            "contestant": contestant,
            "hole": "warehouse/takeStock",
            "level": level,
            "round": 1,
            "filled": filled,
            "passed": 3 if filled else 1,
            "tests": 3,
            "claimed": claimed,
            "open": open,
            "seconds": 10.0,
            "requests": 1,
            "input_tokens": 1000,
            "output_tokens": 100,
            "said": "",
            "failed": (),
        }
    )


@pytest.mark.parametrize(
    ("filled", "of", "low", "high"),
    [(5, 10, 0.2366, 0.7634), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 12, 0.0149, 0.3539), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_wilsons(filled: int, of: int, low: float, high: float) -> None:
    assert Share(filled, of).interval == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_share_lies_in_its_interval(share: tuple[int, int]) -> None:
    low, high = Share(*share).interval
    part = share[0] / share[1] if share[1] else 0.5
    assert 0 <= low <= part + 1e-9
    assert part - 1e-9 <= high <= 1


def test_each_contestant_has_a_row_for_each_level_and_one_for_all() -> None:
    found = rows(
        [
            outcome("runtime", "hard", filled=True),
            outcome("runtime", "easy", filled=True),
            outcome("runtime", "easy", filled=False),
            outcome("aider", "easy", filled=False, claimed=False),
        ]
    )
    told = [(row.contestant, row.level, row.share.filled, row.share.of) for row in found]
    assert told == [
        ("runtime", "easy", 1, 2),
        ("runtime", "hard", 1, 1),
        ("runtime", "all", 2, 3),
        ("aider", "easy", 0, 1),
        ("aider", "all", 0, 1),
    ]
    assert str(found[0].share) == "1 of 2 (9 to 91 %)"


def test_what_is_claimed_and_refused_counts_and_what_no_report_says_counts_apart() -> None:
    (row, _) = rows(
        [
            outcome("runtime", "easy", filled=False, open=("API-IDEM:POST /x: unchecked",)),
            outcome("runtime", "easy", filled=False),
            outcome("runtime", "easy", filled=False, claimed=False),
            outcome("runtime", "easy", filled=True),
        ]
    )
    assert (row.claimed_wrongly, row.unsaid) == (2, 1)
