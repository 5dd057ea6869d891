"""Where the bars and marks of the latency distribution stand. Lengths are those of the drawing's own units."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from agent.receipts import Latency

WIDTH = 480
HEIGHT = 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 12, 12, 52, 30
_TICKS = (1, 2, 5)

_Scale = Callable[[float], float]
"""Milliseconds → the place on the axis."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the histogram."""

    x: float
    y: float
    width: float
    height: float
    told: str
    """`1.2 to 1.4 ms: 310 answers`."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A named place on the axis."""

    x: float
    text: str
    row: int = 0
    """Marks that stand close together have their texts in different rows."""
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Chart:
    """The whole drawing."""

    bars: tuple[Bar, ...]
    ticks: tuple[Mark, ...]
    marks: tuple[Mark, ...]
    floor: float = HEIGHT - _BOTTOM
    width: float = WIDTH
    height: float = HEIGHT


def chart(latency: Latency) -> Chart | None:
    """The distribution on a logarithmic axis; None when the histogram holds nothing that can be drawn."""
    edges = latency.edges_ms
    drawable = len(edges) == len(latency.counts) + 1 and len(edges) > 1 and 0 < edges[0] <= edges[-1]
    if not drawable or not all(map(math.isfinite, edges)) or max(latency.counts) <= 0:
        return None
    low, high = math.log(edges[0]), math.log(max(edges[-1], edges[0] * 1.01))

    def at(milliseconds: float) -> float:
        share = (math.log(max(milliseconds, edges[0])) - low) / (high - low)
        return round(_LEFT + min(1.0, share) * (WIDTH - _LEFT - _RIGHT), 1)

    return Chart(tuple(_bars(latency, at)), tuple(_ticks(edges, at)), tuple(_marks(latency, at)))


def _bars(latency: Latency, at: _Scale) -> list[Bar]:
    most, room, bars = max(latency.counts), HEIGHT - _TOP - _BOTTOM, list[Bar]()
    for begin, end, count in zip(latency.edges_ms, latency.edges_ms[1:], latency.counts, strict=False):
        height = round(room * count / most, 1)
        told = f"{begin:.3g} to {end:.3g} ms: {count} answers"
        bars.append(
            Bar(at(begin), HEIGHT - _BOTTOM - height, max(1.0, round(at(end) - at(begin) - 1, 1)), height, told)
        )
    return bars


def _ticks(edges: tuple[float, ...], at: _Scale) -> list[Mark]:
    """1, 2, 5, 10 ... as far as they lie within; the ends where none does."""
    first, last = math.floor(math.log10(edges[0])), math.ceil(math.log10(edges[-1]))
    round_ones = [step * 10.0**power for power in range(first, last + 1) for step in _TICKS]
    inside = [one for one in round_ones if edges[0] <= one <= edges[-1]] or [edges[0]]
    return [Mark(at(one), f"{one:g} ms") for one in inside]


def _marks(latency: Latency, at: _Scale) -> list[Mark]:
    named = (("p50", latency.p50_ms), ("p95", latency.p95_ms), ("p99", latency.p99_ms))
    marks = list[Mark]()
    for name, value in named:
        if math.isfinite(value):
            x = at(value)
            anchor = "end" if x > WIDTH * 0.7 else "start"
            marks.append(Mark(x, f"{name} {value:.3g} ms", len(marks), anchor))
    return marks
