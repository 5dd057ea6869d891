"""How a service is told where its database is: by an address, or by host, port, user, password and name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from agent.stacks.python_fastapi.starting.named import named_settings
from agent.stacks.python_fastapi.starting.parts import Part, named_parts, parts_of, parts_pattern

DATABASE_SETTING = "DATABASE_URL"
POSTGRES_PORT = 5432
_SERVER = r"(?:POSTGRES(?:QL)?|PG|DB|DATABASE|SQL(?:ALCHEMY)?)"
_URL = re.compile(rf"(?:^|_){_SERVER}(?:_\w+)?_(?:URL|URI|DSN)$|^(?:{_SERVER}_?)(?:URL|URI|DSN)$")
_PARTS = parts_pattern(rf"{_SERVER}_?", "DB|NAME|DATABASE|DB_NAME")
_POSTGRES = re.compile(r"(?P<scheme>postgres(?:ql)?(?:\+\w+)?)://")
_CHECKED = ("PostgresDsn", "MultiHostUrl", "AnyUrl")
_STRICT = re.compile(rf"\b({'|'.join(_CHECKED)})\b")


@dataclass(frozen=True, slots=True)
class PostgresWay:
    """By which settings a service is told."""

    urls: Mapping[str, str]
    """Name of a setting → scheme of its value: `DATABASE_URL` → `postgresql+asyncpg`."""
    parts: Mapping[str, Part]
    """Name of a setting → which part it is."""
    over_tcp: bool
    """True where it has to be a host with a port: the parts are settings of their own, or the address is validated."""

    @property
    def leading(self) -> tuple[str, ...]:
        """Without all of these nobody can know where the database is, and who one is there."""
        return (*self.urls, *self.parts)


def way_to_postgres(files: Mapping[str, str]) -> PostgresWay:
    """How the service of these files wants to be told; by `DATABASE_URL` where they name nothing."""
    named = named_settings(files)
    urls = {name: _scheme(value) for name, value in named.items() if _URL.search(name) or _POSTGRES.match(value)}
    parts = named_parts(_PARTS, (name for name in named if name not in urls))
    tells = any(part in ("host", "name") for part in parts.values())
    if not urls and not tells:
        urls = {DATABASE_SETTING: "postgresql"}
    strict = any(_is_strict(text) for path, text in files.items() if _counts(path))
    return PostgresWay(urls, parts if tells else {}, over_tcp=tells or strict)


def postgres_settings(way: PostgresWay, url: str) -> dict[str, str]:
    """The settings that lead to the database of this address."""
    values = postgres_parts(url)
    addresses = {name: database_url(url, over_tcp=way.over_tcp, scheme=scheme) for name, scheme in way.urls.items()}
    quiet = {"PGSSLMODE": "disable", "PGGSSENCMODE": "disable"} if way.over_tcp and socket_of(url) else {}
    return {**quiet, **{name: values[part] for name, part in way.parts.items()}, **addresses}


def postgres_parts(url: str) -> dict[Part, str]:
    """The parts of a database's address."""
    return parts_of(url, port=POSTGRES_PORT, name=unquote(urlsplit(url).path.removeprefix("/")))


def database_url(url: str, *, over_tcp: bool, scheme: str = "postgresql") -> str:
    """The address with another scheme, and with a host in place of a socket where it has to be one."""
    if not over_tcp or socket_of(url) is None:
        return f"{scheme}://{url.partition('://')[2]}"
    inside = urlsplit(url)
    return f"{scheme}://{inside.netloc.rpartition('@')[0]}@localhost:{POSTGRES_PORT}{inside.path}"


def socket_of(url: str) -> str | None:
    """The socket of the server that an address leads to, None where it is a host."""
    query = parse_qs(urlsplit(url).query)
    folder = query.get("host", [""])[0]
    return f"{folder}/.s.PGSQL.{query.get('port', [str(POSTGRES_PORT)])[0]}" if folder else None


def _scheme(value: str) -> str:
    found = _POSTGRES.match(value)
    return found["scheme"] if found else "postgresql"


def _is_strict(text: str) -> bool:
    # The words first: an expression that begins with `\b` is tried at every character.
    return any(word in text for word in _CHECKED) and _STRICT.search(text) is not None


def _counts(path: str) -> bool:
    return path.endswith(".py") and not path.startswith("tests/")
