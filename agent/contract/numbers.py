"""Numbers for samples: within bounds, on the grid of `multipleOf`, distinct for distinct turns where there is room."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from agent.contract.validating import INTEGER_BOUNDS

_NUDGE = Fraction(1, 100)
"""How far inside an exclusive bound a fraction is looked for first."""


class NoNumber(Exception):
    """No number lies within the bounds."""


def number(schema: Mapping[str, Any], turn: int, *, whole: bool) -> int | float:
    """A number for this schema: the smallest plausible one, and `turn` steps on. Raises NoNumber."""
    low, high = _bounds(schema, whole)
    step = Fraction(str(schema.get("multipleOf", 1 if whole else "0.5")))
    if whole and step.denominator != 1:
        step = Fraction(step.numerator)
    first = _first(low, high, step)
    if high is not None and first > high and low is not None and "multipleOf" not in schema and not whole:
        first = (low + high) / 2
    if high is not None and first > high:
        raise NoNumber("no number lies within the bounds")
    if high is not None:
        turn %= int((high - first) / step) + 1
    made = first + turn * step
    return int(made) if made.denominator == 1 else float(made)


def _first(low: Fraction | None, high: Fraction | None, step: Fraction) -> Fraction:
    if low is not None:
        return math.ceil(low / step) * step
    first = math.ceil(1 / step) * step
    return first if high is None or first <= high else math.floor(high / step) * step


def _bounds(schema: Mapping[str, Any], whole: bool) -> tuple[Fraction | None, Fraction | None]:
    """Smallest and largest allowed value; an exclusive bound is moved inwards."""
    lows = [Fraction(str(schema["minimum"]))] if "minimum" in schema else []
    highs = [Fraction(str(schema["maximum"]))] if "maximum" in schema else []
    if "exclusiveMinimum" in schema:
        lows.append(_beyond(Fraction(str(schema["exclusiveMinimum"])), whole))
    if "exclusiveMaximum" in schema:
        highs.append(-_beyond(-Fraction(str(schema["exclusiveMaximum"])), whole))
    lowest, highest = INTEGER_BOUNDS.get(str(schema.get("format")), (None, None))
    lows += [Fraction(lowest)] if lowest is not None and lows else []
    highs += [Fraction(highest)] if highest is not None else []
    low, high = max(lows, default=None), min(highs, default=None)
    if not whole and low is not None and high is not None and low > high:
        middle = (low + high) / 2
        return middle, middle
    return low, high


def _beyond(bound: Fraction, whole: bool) -> Fraction:
    return Fraction(math.floor(bound)) + 1 if whole else bound + _NUDGE
