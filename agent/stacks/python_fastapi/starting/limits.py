"""Documented limits and caches of a service, and whether its files have a word for a setting."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ASSIGNED = re.compile(r"^[#\s]*(?:export\s+)?([A-Z][A-Z0-9_]*)=[\"']?(\d+(?:\.\d+)?)(.*?)[\"']?\s*$", re.MULTILINE)
_LIMIT = re.compile(r"RATE_?LIMIT|THROTTLE|LIMITER")
_CACHE = re.compile(r"CACHE.*(TTL|SECONDS)")
_DURATION = re.compile(r"(WINDOW|PERIOD|INTERVAL|TTL|TIMEOUT|(?<!PER_)(SECONDS?|MINUTES?|HOURS?|MS))$")


def declares(files: Mapping[str, str], setting: str) -> bool:
    """Whether `.env.example` or code outside the tests has a word for this setting, in capitals or not."""
    word = re.compile(rf"\b{re.escape(setting)}\b", re.IGNORECASE)
    return any(word.search(text) for path, text in files.items() if _may_declare(path))


def probing_settings(files: Mapping[str, str], times: int) -> Mapping[str, str]:
    """What `.env.example` documents of rate limits, so many times higher, and of caches, whose answers end at once:
    `RATE_LIMIT=100/minute` → `200/minute`, `CACHE_SECONDS=5` → `0`.

    Lines that are commented out count: they show the default. Durations and switches stay as they are.
    """
    found = _ASSIGNED.findall(files.get(".env.example", ""))
    limits = [one for one in found if _LIMIT.search(one[0]) and not _DURATION.search(one[0])]
    raised = {name: f"{float(number) * times:.15g}{unit}" for name, number, unit in limits}
    return raised | {name: "0" for name, _, _ in found if _CACHE.search(name)}


def _may_declare(path: str) -> bool:
    return path == ".env.example" or (path.endswith(".py") and not path.startswith("tests/"))
