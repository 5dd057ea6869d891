"""Secrets in the files that settings are read from: `.env`, images, and what lies beside the code as configuration.

Examples, tests, pipelines and what starts a developer's own machine hold placeholders, and are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from urllib.parse import urlsplit

_LINE = re.compile(
    r"""^\s*(?:export\s+|ENV\s+|ARG\s+|-\s+)?["']?(?P<name>[A-Za-z_][\w.-]*)["']?\s*[:=\s]\s*"""
    r"""["']?(?P<value>[^\s"'#,]+)["']?\s*,?\s*(?:#.*)?$"""
)
_LONGEST = 500
"""Characters of a line that is looked at."""
_FORMATS = frozenset({".ini", ".cfg", ".conf", ".toml", ".yaml", ".yml", ".json", ".properties"})
_PLACES = frozenset({"src", "app", "config", "conf", "settings"})
_ASIDE = re.compile(r"example|sample|template|dist|test|openapi|compose", re.IGNORECASE)
_REFERS = ("$", "<", "{", "%(")
"""What stands for a value that comes from elsewhere."""


def written_settings(files: Mapping[str, str]) -> Iterator[tuple[str, int, str, str]]:
    """Path, line, name and value of every setting that is written down where a service finds it."""
    for path, content in files.items():
        if not _is_settings(path) or '"openapi"' in content or "\nopenapi:" in content:
            continue
        for number, line in enumerate(content.splitlines(), 1):
            found = _LINE.match(line) if len(line) <= _LONGEST else None
            if found and not any(sign in found["value"] for sign in _REFERS):
                yield path, number, found["name"], found["value"]


def password_in(address: str) -> str:
    """The password of an address; empty where it holds none."""
    try:
        return urlsplit(address).password or "" if "://" in address else ""
    except ValueError:
        return ""


def _is_settings(path: str) -> bool:
    place = PurePosixPath(path)
    if _ASIDE.search(path):
        return False
    if place.name == ".env" or place.name.startswith((".env.", "Dockerfile")):
        return True
    return place.suffix in _FORMATS and bool(_PLACES.intersection(place.parts[:-1]))
