"""Settings that tell where a server is: by an address, or by host, port, user, password and database each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit

type Part = Literal["host", "port", "user", "password", "name"]
"""`name` is which of the server's databases: its name, or its number."""

_NAMES: tuple[Part, ...] = get_args(Part.__value__)
_COMMON = "(?P<host>HOST|SERVER|HOSTNAME)|(?P<port>PORT)|(?P<user>USER|USERNAME)|(?P<password>PASSWORD|PASS|PWD)"


def parts_pattern(server: str, name: str) -> re.Pattern[str]:
    """Finds out which part the setting of a name is: `server` are the words for the server before it, as a regular
    expression, and `name` those for the database behind it."""
    return re.compile(rf"(?:^|_){server}(?:{_COMMON}|(?P<name>{name}))$")


def named_parts(pattern: re.Pattern[str], names: Iterable[str]) -> dict[str, Part]:
    """Those of the names that tell a part, with the part."""
    found = {name: pattern.search(name) for name in names}
    return {name: part for name, match in found.items() for part in _NAMES if match and match[part]}


def parts_of(url: str, *, port: int, name: str) -> dict[Part, str]:
    """The parts of an address; of one that leads to a socket, those by which it is reached on this host."""
    inside = urlsplit(url)
    return {
        "host": inside.hostname or "localhost",
        "port": str(inside.port or port),
        "user": unquote(inside.username or ""),
        "password": unquote(inside.password or ""),
        "name": name,
    }
