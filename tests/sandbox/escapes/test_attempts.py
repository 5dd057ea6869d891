"""Nothing that a command tries leaves the sandbox or takes the machine down, and each fails for its own reason.

The controls show that the same attempts work, or are refused by somebody else, where there is no sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.sandbox.conftest import make_worktree
from tests.sandbox.escapes.attempt import Attempt
from tests.sandbox.escapes.catalogue import CONTROLLED, NAMES
from tests.sandbox.escapes.places import Here, Place
from tools.sandbox.none import NoSandbox


@pytest.mark.parametrize("name", NAMES)
def test_it_is_stopped_for_the_reason_that_the_design_gives(
    place: Place, known: Mapping[str, Attempt], name: str
) -> None:
    attempt = known[name]
    assert attempt.problem(place.carry_out(attempt), place.kind) == ""


@pytest.mark.parametrize("name", CONTROLLED)
def test_without_a_sandbox_it_goes_otherwise(tmp_path: Path, known: Mapping[str, Attempt], name: str) -> None:
    attempt = known[name]
    result = Here(NoSandbox(make_worktree(tmp_path / "worktree"))).carry_out(attempt)
    if attempt.reason.given_by(result):
        pytest.skip("the host itself refuses it in the same way")
    assert re.search(attempt.control, result.output), result
