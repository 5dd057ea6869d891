"""How a service is told where its Valkey or Redis is: by an address, or by host, port and password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from agent.stacks.base import REDIS_SETTING
from agent.stacks.python_fastapi.starting.limits import declares
from agent.stacks.python_fastapi.starting.named import named_settings
from agent.stacks.python_fastapi.starting.parts import Part, named_parts, parts_of, parts_pattern

REDIS_PORT = 6379
_URL = re.compile(r"(?:^|_)(?:REDIS|VALKEY)_(?:URL|URI|DSN)$")
_PARTS = parts_pattern("(?:REDIS|VALKEY)_", "DB|DATABASE")
_STRICT = re.compile(r"\bRedisDsn\b")


@dataclass(frozen=True, slots=True)
class ValkeyWay:
    """By which settings a service is told."""

    urls: tuple[str, ...]
    parts: Mapping[str, Part]
    over_tcp: bool
    """True where it has to be a host with a port."""

    @property
    def wanted(self) -> bool:
        """Whether the service wants one at all."""
        return bool(self.urls or self.parts)


def way_to_valkey(files: Mapping[str, str]) -> ValkeyWay:
    """How the service of these files wants to be told."""
    named = named_settings(files)
    urls = {name for name in named if _URL.search(name)} | (
        {REDIS_SETTING} if declares(files, REDIS_SETTING) else set()
    )
    parts = named_parts(_PARTS, named)
    told = "host" in parts.values()
    strict = any("RedisDsn" in text and _STRICT.search(text) for path, text in files.items() if path.endswith(".py"))
    return ValkeyWay(tuple(sorted(urls)), parts if told else {}, over_tcp=told or strict)


def valkey_settings(way: ValkeyWay, url: str) -> dict[str, str]:
    """The settings that lead to the Valkey of this address."""
    values = parts_of(url, port=REDIS_PORT, name="0")
    there = f"redis://{urlsplit(url).netloc.rpartition('@')[0]}@localhost:{REDIS_PORT}/0" if way.over_tcp else url
    return {**{name: values[part] for name, part in way.parts.items()}, **dict.fromkeys(way.urls, there)}


def greeting(url: str) -> str:
    """What lets in somebody who knows no password."""
    inside = urlsplit(url)
    return f"AUTH {unquote(inside.username or 'default')} {unquote(inside.password or '')}"
