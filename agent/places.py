"""Where the runtime keeps things outside any workspace."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path, user_config_path, user_state_path

_NAME = "backend-developer-agent"


def cache_folder() -> Path:
    """Things that can be made again: toolchains, loaded contracts. `AGENT_CACHE_DIR` overrides."""
    return _made(os.environ.get("AGENT_CACHE_DIR"), user_cache_path(_NAME))


def runs_folder() -> Path:
    """One folder a run: journal, reports, worktree of new repositories' state. `AGENT_STATE_DIR` overrides."""
    return _made(os.environ.get("AGENT_STATE_DIR"), user_state_path(_NAME)) / "runs"


def verifications_folder() -> Path:
    """One folder for the reports of each `agent verify`. `AGENT_STATE_DIR` overrides."""
    return _made(os.environ.get("AGENT_STATE_DIR"), user_state_path(_NAME)) / "verifications"


def settings_folder() -> Path:
    """What the person who runs this has set for all runs; often not there. `AGENT_CONFIG_DIR` overrides."""
    override = os.environ.get("AGENT_CONFIG_DIR")
    return Path(override).expanduser().resolve() if override else user_config_path(_NAME)


def _made(override: str | None, default: Path) -> Path:
    folder = Path(override).expanduser().resolve() if override else default
    folder.mkdir(parents=True, exist_ok=True)
    return folder
