"""What an evaluation shows: for each contestant and level, the share that was filled, and what it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

from evals.holes.collection import LEVELS
from evals.holes.evaluating import Outcome

_ALL = "all"
_Z = 1.959964
"""Standard deviations on either side that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share, and where it lies with 95 % confidence (Wilson's score interval)."""

    filled: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """From 0 to 1. Everything is possible where nothing was tried."""
        if not self.of:
            return 0.0, 1.0
        part, count = self.filled / self.of, self.of
        scale = 1 + _Z**2 / count
        middle = (part + _Z**2 / (2 * count)) / scale
        reach = _Z * sqrt(part * (1 - part) / count + _Z**2 / (4 * count**2)) / scale
        return max(0.0, middle - reach), min(1.0, middle + reach)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.filled} of {self.of} ({100 * low:.0f} to {100 * high:.0f} %)"


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant at one level."""

    contestant: str
    level: str
    share: Share
    seconds: float
    """Median of one try."""
    input_tokens: float
    output_tokens: float
    claimed_wrongly: int
    """Said to be filled, and refused by the hidden tests."""
    unsaid: int
    """Of these, those about whose operation the contestant's report leaves nothing open."""

    def as_dict(self) -> Mapping[str, object]:
        """For JSON."""
        low, high = self.share.interval
        return {
            "contestant": self.contestant,
            "level": self.level,
            "filled": self.share.filled,
            "tried": self.share.of,
            "interval": [round(low, 4), round(high, 4)],
            "seconds": self.seconds,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "claimed_wrongly": self.claimed_wrongly,
            "unsaid": self.unsaid,
        }


def rows(outcomes: Sequence[Outcome]) -> tuple[Row, ...]:
    """Contestant by contestant, each level and all of them."""
    return tuple(_rows(outcomes))


def _rows(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    for contestant in dict.fromkeys(one.contestant for one in outcomes):
        mine = [one for one in outcomes if one.contestant == contestant]
        for level in LEVELS:
            if at_level := [one for one in mine if one.level == level]:
                yield _row(contestant, level, at_level)
        yield _row(contestant, _ALL, mine)


def _row(contestant: str, level: str, outcomes: Sequence[Outcome]) -> Row:
    wrongly = [one for one in outcomes if one.claimed and not one.filled]
    return Row(
        contestant=contestant,
        level=level,
        share=Share(sum(one.filled for one in outcomes), len(outcomes)),
        seconds=median(one.seconds for one in outcomes),
        input_tokens=median(one.input_tokens for one in outcomes),
        output_tokens=median(one.output_tokens for one in outcomes),
        claimed_wrongly=len(wrongly),
        unsaid=sum(not one.open for one in wrongly),
    )
