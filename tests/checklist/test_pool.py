"""A busy machine is not held against a service: what takes a statement that does nothing as long is left open."""

from __future__ import annotations

import pytest

from agent.checklist.observing.pool import too_busy


@pytest.mark.parametrize(
    ("best", "idling", "busy"),
    [(64.5, 30.0, True), (64.5, 1.0, False), (70.0, 20.1, True), (49.9, 49.0, False), (120.0, 60.0, False)],
)
def test_the_machine_is_blamed_for_no_more_than_it_adds(best: float, idling: float, busy: bool) -> None:
    assert too_busy(best, idling) is busy
