from __future__ import annotations

from pathlib import Path

import pytest

from agent.workspace.opening import create_workspace
from agent.workspace.worktree import GitWorkspace
from tests.workspace.toolchains import real_toolchain


@pytest.fixture(params=["auto", "none"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> GitWorkspace:
    """A fresh workspace, in each kind of sandbox."""
    return create_workspace(
        folder=tmp_path / "out",
        repository=None,
        base=None,
        slug="x",
        toolchain=real_toolchain(),
        sandbox=request.param,
        state=tmp_path / "state",
    )
