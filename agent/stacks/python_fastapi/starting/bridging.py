"""Commands of a service that wants its database at a host, where there is only a socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from agent.stacks.base import DatabaseAccess
from agent.stacks.python_fastapi.starting.postgres import POSTGRES_PORT, socket_of, way_to_postgres
from agent.stacks.python_fastapi.starting.valkey import REDIS_PORT, greeting, way_to_valkey
from tools.running import Runner
from tools.sandbox.base import CommandResult, Limits, Mounts

_NOTHING = "-"
_SCRIPT = Path(__file__).parents[1] / "toolchain" / "bridge.py"


def bridge(files: Mapping[str, str], database: DatabaseAccess) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """What goes before each command of these files, and what it has to see for that; nothing where none is needed."""
    led = (*_to_database(files, database), *_to_valkey(files, database))
    return (("python", "-B", str(_SCRIPT), *led, "--"), (_SCRIPT,)) if led else ((), ())


def _to_database(files: Mapping[str, str], database: DatabaseAccess) -> tuple[str, ...]:
    way, socket = way_to_postgres(files), socket_of(database.url)
    if not way.over_tcp or socket is None:
        return ()
    return socket, str(POSTGRES_PORT), _ports(way.parts), _NOTHING


def _to_valkey(files: Mapping[str, str], database: DatabaseAccess) -> tuple[str, ...]:
    way, url = way_to_valkey(files), database.redis_url
    if not way.over_tcp or url is None:
        return ()
    return unquote(urlsplit(url).path), str(REDIS_PORT), _ports(way.parts), greeting(url)


def _ports(parts: Mapping[str, str]) -> str:
    return ",".join(name for name, part in parts.items() if part == "port") or _NOTHING


def bridged(run: Runner, files: Mapping[str, str], database: DatabaseAccess) -> Runner:
    """The same runner, whose commands find the database where these files look for it."""
    before, seen = bridge(files, database)

    async def through(
        command: Sequence[str],
        *,
        mounts: Mounts = Mounts(),
        environment: Mapping[str, str] | None = None,
        limits: Limits = Limits(),
        writable: bool = True,
    ) -> CommandResult:
        wider = replace(mounts, read_only=(*mounts.read_only, *seen))
        return await run((*before, *command), mounts=wider, environment=environment, limits=limits, writable=writable)

    return through if before else run
