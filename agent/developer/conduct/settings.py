"""Settings and inputs that a developer may not change: they say what is checked, not what is built."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from agent.developer.conduct.model import Offence

_SETTINGS = re.compile(
    r"(^|/)(\.?ruff\.toml|\.?mypy\.ini|setup\.cfg|pytest\.ini|pytest\.toml|tox\.ini|\.coveragerc|coverage\.ini|"
    r"sitecustomize\.py)$|^agent\.toml$"
)
_TOOLS = ("ruff", "mypy", "pytest", "coverage")


def changed_settings(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Offence]:
    """Files of settings that changed, came or went."""
    for path in sorted(before.keys() | after.keys()):
        if _changed(path, before.get(path), after.get(path)):
            yield Offence(path, "settings of the checks were changed; the gates run with their own", "file")


def _changed(path: str, old: str | None, new: str | None) -> bool:
    if path == "pyproject.toml" and old is not None:
        return _tools(old) != _tools(new or "")
    return bool(_SETTINGS.search(path)) and old != new


def _tools(text: str) -> dict[str, Any] | None:
    try:
        tools = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError:
        return None
    return {name: tools[name] for name in _TOOLS if name in tools}
