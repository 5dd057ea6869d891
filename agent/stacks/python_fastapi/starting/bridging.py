"""Commands of a service that wants its database at a host, where there is only a socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from agent.stacks.base import DatabaseAccess
from agent.stacks.python_fastapi.starting.settings import POSTGRES_PORT, socket_of, way_to_database
from tools.running import Runner
from tools.sandbox.base import CommandResult, Limits, Mounts

_SCRIPT = Path(__file__).parents[1] / "toolchain" / "bridge.py"


def bridge(files: Mapping[str, str], database: DatabaseAccess) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """What goes before each command of these files, and what it has to see for that; nothing where none is needed."""
    way, socket = way_to_database(files), socket_of(database.url)
    if not way.over_tcp or socket is None:
        return (), ()
    ports = ",".join(name for name, part in way.parts.items() if part == "port") or "-"
    return ("python", "-B", str(_SCRIPT), socket, str(POSTGRES_PORT), ports, "--"), (_SCRIPT,)


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
