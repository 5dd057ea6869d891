"""The settings that a service is started with: its own names for the database, its Valkey, and fresh secrets."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from agent.stacks.base import KEY_SETTINGS, REDIS_SETTING, TOKEN_SETTING, DatabaseAccess
from agent.stacks.python_fastapi.starting.application import import_folder, said_of_service
from agent.stacks.python_fastapi.starting.named import example_settings, named_settings
from agent.stacks.python_fastapi.starting.valkey import valkey_settings, way_to_valkey

type Part = Literal["host", "port", "user", "password", "name"]

DATABASE_SETTING = "DATABASE_URL"
POSTGRES_PORT = 5432
_SECRETS = (TOKEN_SETTING, "SECRET_KEY")
_SECRET = re.compile(
    r"(^|_)(SECRET|SECRET_KEY|JWT_KEY|SIGNING_KEY)$|^(JWT|TOKEN|AUTH|SESSION|COOKIE)_?\w*(SECRET|_KEY)$"
)
_KEY = re.compile(r"(^|_|API)(KEYS?|TOKENS?|SECRETS?|AUTH|AUTHORIZATION|CREDENTIALS?)$")
_DATABASE = r"(?:POSTGRES(?:QL)?|PG|DB|DATABASE|SQL(?:ALCHEMY)?)"
_URL = re.compile(rf"(?:^|_){_DATABASE}(?:_\w+)?_(?:URL|URI|DSN)$|^(?:{_DATABASE}_?)(?:URL|URI|DSN)$")
_PARTS = re.compile(
    rf"(?:^|_){_DATABASE}_?(?:(?P<host>HOST|SERVER|HOSTNAME)|(?P<port>PORT)|(?P<user>USER|USERNAME)"
    r"|(?P<password>PASSWORD|PASS|PWD)|(?P<name>DB|NAME|DATABASE|DB_NAME))$"
)
_POSTGRES = re.compile(r"(?P<scheme>postgres(?:ql)?(?:\+\w+)?)://")
_STRICT = re.compile(r"\b(PostgresDsn|MultiHostUrl|AnyUrl)\b")


@dataclass(frozen=True, slots=True)
class Way:
    """How a service is told where its database is."""

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


def way_to_database(files: Mapping[str, str]) -> Way:
    """How the service of these files wants to be told; by `DATABASE_URL` where they name nothing."""
    named = named_settings(files)
    urls = {name: _scheme(value) for name, value in named.items() if _URL.search(name) or _POSTGRES.match(value)}
    parts = {name: part for name in named if (part := _part(name)) and name not in urls}
    tells = any(part in ("host", "name") for part in parts.values())
    if not urls and not tells:
        urls = {DATABASE_SETTING: "postgresql"}
    strict = any(_STRICT.search(text) for path, text in files.items() if _counts(path))
    return Way(urls, parts if tells else {}, over_tcp=tells or strict)


def service_environment(files: Mapping[str, str], database: DatabaseAccess) -> Mapping[str, str]:
    """Settings for one start: those of the example, fresh secrets, this database and its Valkey, and over them what
    `agent.toml` says. Raises `ServiceBroken` where that cannot be read."""
    way = way_to_database(files)
    named = named_settings(files)
    kept = [name for name in named if _SECRET.search(name) and "PUBLIC" not in name and "-----" not in named[name]]
    valkey = valkey_settings(way_to_valkey(files), database.redis_url) if database.redis_url else {}
    environment = {
        **example_settings(files),
        **{name: secrets.token_urlsafe(48) for name in (*_SECRETS, *kept)},
        **{name: ",".join(secrets.token_urlsafe(24) for _ in range(count)) for name, count in KEY_SETTINGS.items()},
        **_led(way, database.url),
        **valkey,
        **({"PYTHONPATH": folder} if (folder := import_folder(files)) else {}),
    }
    return {**environment, **_told(files, environment, database)}


def key_settings(files: Mapping[str, str]) -> Mapping[str, str]:
    """Settings that may hold keys of callers, by their names → what the code has where none is set.

    Raises `ServiceBroken` where `agent.toml` cannot be read.
    """
    named = {**named_settings(files), **said_of_service(files).settings}
    return {name: value for name, value in named.items() if _KEY.search(name)}


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


def _led(way: Way, url: str) -> dict[str, str]:
    values = _values(url)
    addresses = {name: database_url(url, over_tcp=way.over_tcp, scheme=scheme) for name, scheme in way.urls.items()}
    quiet = {"PGSSLMODE": "disable", "PGGSSENCMODE": "disable"} if way.over_tcp and socket_of(url) else {}
    return {**quiet, **{name: values[part] for name, part in way.parts.items()}, **addresses}


def _values(url: str) -> dict[Part, str]:
    inside = urlsplit(url)
    return {
        "host": inside.hostname or "localhost",
        "port": str(inside.port or POSTGRES_PORT),
        "user": unquote(inside.username or ""),
        "password": unquote(inside.password or ""),
        "name": unquote(inside.path.removeprefix("/")),
    }


def _told(files: Mapping[str, str], environment: Mapping[str, str], database: DatabaseAccess) -> dict[str, str]:
    """The settings of `agent.toml`, with what only the judge knows in the place of its names."""
    said = said_of_service(files).settings
    if not said:
        return {}
    known = {f"DATABASE_{part.upper()}": value for part, value in _values(database.url).items()}
    known |= {DATABASE_SETTING: database.url, REDIS_SETTING: database.redis_url or ""}
    return {name: string.Template(value).safe_substitute({**environment, **known}) for name, value in said.items()}


def _part(name: str) -> Part | None:
    found = _PARTS.search(name)
    return next((part for part in ("host", "port", "user", "password", "name") if found and found[part]), None)


def _scheme(value: str) -> str:
    found = _POSTGRES.match(value)
    return found["scheme"] if found else "postgresql"


def _counts(path: str) -> bool:
    return path.endswith(".py") and not path.startswith("tests/")
