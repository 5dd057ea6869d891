"""The settings that a service is started with: its own names for the database, its Valkey, and fresh secrets."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping

from agent.stacks.base import KEY_SETTINGS, REDIS_SETTING, TOKEN_SETTING, DatabaseAccess
from agent.stacks.python_fastapi.starting.application import import_folder, said_of_service
from agent.stacks.python_fastapi.starting.named import example_settings, named_settings
from agent.stacks.python_fastapi.starting.postgres import (
    DATABASE_SETTING,
    postgres_parts,
    postgres_settings,
    way_to_postgres,
)
from agent.stacks.python_fastapi.starting.valkey import valkey_settings, way_to_valkey

_SECRETS = (TOKEN_SETTING, "SECRET_KEY")
_SECRET = re.compile(
    r"(^|_)(SECRET|SECRET_KEY|JWT_KEY|SIGNING_KEY)$|^(JWT|TOKEN|AUTH|SESSION|COOKIE)_?\w*(SECRET|_KEY)$"
)
_KEY = re.compile(r"(^|_|API)(KEYS?|TOKENS?|SECRETS?|AUTH|AUTHORIZATION|CREDENTIALS?)$")


def service_environment(files: Mapping[str, str], database: DatabaseAccess) -> Mapping[str, str]:
    """Settings for one start: those of the example, fresh secrets, this database and its Valkey, and over them what
    `agent.toml` says. Raises `ServiceBroken` where that cannot be read."""
    named = named_settings(files)
    kept = [name for name in named if _SECRET.search(name) and "PUBLIC" not in name and "-----" not in named[name]]
    valkey = valkey_settings(way_to_valkey(files), database.redis_url) if database.redis_url else {}
    environment = {
        **example_settings(files),
        **{name: secrets.token_urlsafe(48) for name in (*_SECRETS, *kept)},
        **{name: ",".join(secrets.token_urlsafe(24) for _ in range(count)) for name, count in KEY_SETTINGS.items()},
        **postgres_settings(way_to_postgres(files), database.url),
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


def _told(files: Mapping[str, str], environment: Mapping[str, str], database: DatabaseAccess) -> dict[str, str]:
    """The settings of `agent.toml`, with what only the judge knows in the place of its names."""
    said = said_of_service(files).settings
    if not said:
        return {}
    known = {f"DATABASE_{part.upper()}": value for part, value in postgres_parts(database.url).items()}
    known |= {DATABASE_SETTING: database.url, REDIS_SETTING: database.redis_url or ""}
    return {name: string.Template(value).safe_substitute({**environment, **known}) for name, value in said.items()}
