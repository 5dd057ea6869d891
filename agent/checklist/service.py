"""What is seen of a service by starting it without a setting, and by taking its database away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import httpx

from agent.checklist.case import Case, Owing
from agent.checklist.databases import Opened, tail
from agent.checklist.running import Running
from agent.checklist.security.round import curl
from agent.receipts import Receipt
from agent.stacks.base import TOKEN_SETTING, ServiceCommand
from tools.postgres.forwarding import Forwarding
from tools.sandbox.base import CommandResult, Limits

RULES: Mapping[str, str] = {
    "OBS-HEALTH": "observability: liveness and readiness asked with the database there, cut off, and back",
    "PRI-FAIL-FAST": "observability: started without the setting that leads to the database, and the key of tokens",
}

LIVENESS = ("/health/live", "/livez", "/healthz", "/live", "/liveness", "/health/liveness", "/health")
READINESS = ("/health/ready", "/readyz", "/ready", "/readiness", "/health/readiness")

TURN = 12.0
"""Seconds within which readiness has to follow the database."""
_START = 20.0
_KEYS = (TOKEN_SETTING, "SECRET_KEY")
_NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class _Health:
    live: str | None
    ready: str | None
    problems: tuple[str, ...]


async def settle(owing: Owing, service: Running, way: Forwarding, base: str, turn: float) -> tuple[Receipt, ...]:
    """Take the database away from a running service and give it back; `turn` seconds may pass until it notices."""
    started = time.monotonic()
    health = await _observe(service, base, way, turn)
    return owing.judge(
        "OBS-HEALTH",
        health.problems,
        ran=f"GET {health.live or LIVENESS[0]}, GET {health.ready or READINESS[0]}; database cut off and restored",
        found="alive throughout; ready, then not ready without the database, then ready again",
        reproduce=f'pg_ctl -D "$PGDATA" stop -m immediate; {curl("GET", health.ready or READINESS[0])}',
        seconds=time.monotonic() - started,
    )


async def fails_fast(case: Case, owing: Owing, database: Opened) -> tuple[Receipt, ...]:
    """Start without the settings that no service can do without: it has to stop by itself, and to name them.

    All are left out at once; one by one only where it does not name them all.
    """
    command = case.stack.service(case.workspace, database.access, "/tmp/service.sock")
    needed = _needed(case, owing, command)
    tried = [(needed, await _without(case, database, command, needed))]
    if len(needed) > 1 and _going_on(*tried[0]):
        tried = [([one], await _without(case, database, command, [one])) for one in needed]
    failing = [(settings, found) for settings, result in tried if (found := _going_on(settings, result))]
    settings = failing[0][0] if failing else needed
    ran = f"env {' '.join(f'-u {name}' for one in settings for name in one)} {' '.join(command.command)}"
    return owing.judge(
        "PRI-FAIL-FAST",
        [problem for _, found in failing for problem in found],
        ran=ran,
        found=f"exit code {tried[0][1].exit_code}, the message names {_listed(needed)}",
        reproduce=ran,
        seconds=sum(result.seconds for _, result in tried),
    )


type Setting = tuple[str, ...]
"""The names of one setting: several where a service may be told the same by either of them."""


def _needed(case: Case, owing: Owing, command: ServiceCommand) -> list[Setting]:
    """The setting that leads to the database; where callers come with tokens, the one that holds their key."""
    keys = [name for name in _KEYS if case.stack.declares(case.workspace, name)] if owing.subjects("JWT-VERIFY") else []
    return [command.database_settings, *((name,) for name in keys[:1] if name in command.environment)]


async def _without(case: Case, database: Opened, command: ServiceCommand, settings: Sequence[Setting]) -> CommandResult:
    mounts, left_out = database.access.mounts, {name for one in settings for name in one}
    return await case.workspace.run(
        command.whole,
        mounts=replace(mounts, read_only=(*mounts.read_only, *command.seen)),
        environment={name: value for name, value in command.environment.items() if name not in left_out},
        limits=Limits(seconds=_START),
        writable=False,
    )


def _going_on(settings: Sequence[Setting], result: CommandResult) -> list[str]:
    """What is wrong with an end for want of these settings."""
    named, said = _listed(settings), result.output.lower()
    if result.ending == "timeout":
        return [f"it started without {named} and was still running after {_START:.0f} seconds"]
    if result.exit_code == 0:
        return [f"without {named} it ended with exit code 0"]
    silent = [one for one in settings if not any(name.lower() in said for name in one)]
    return [f"it stopped without {_listed(silent)}, but does not name it: {tail(result)}"] if silent else []


def _listed(settings: Sequence[Setting]) -> str:
    return " and ".join(" or ".join(one) for one in settings)


async def _observe(service: Running, base: str, way: Forwarding, turn: float) -> _Health:
    """How the service's health went."""
    live = await _find(service, base, LIVENESS)
    ready = await _find(service, base, READINESS)
    problems = [] if live else [f"no liveness endpoint answers; asked {', '.join(LIVENESS)}"]
    if ready is None:
        problems.append(f"no readiness endpoint answers; asked {', '.join(READINESS)}")
        return _Health(live, ready, tuple(problems))
    problems += await _expect(service, ready, good=True, when="with the database there", turn=turn)
    await asyncio.to_thread(way.cut)
    problems += await _expect(service, ready, good=False, when="after the database was cut off", turn=turn)
    if live:
        problems += await _expect(service, live, good=True, when="while the database was cut off", turn=turn)
    await asyncio.to_thread(way.restore)
    problems += await _expect(service, ready, good=True, when="after the database came back", turn=turn)
    return _Health(live, ready, tuple(problems))


async def _find(service: Running, base: str, paths: tuple[str, ...]) -> str | None:
    for path in (*paths, *(base + path for path in paths if base)):
        if await _status(service, path) not in (404, 405, _NO_ANSWER):
            return path
    return None


async def _expect(service: Running, path: str, *, good: bool, when: str, turn: float) -> list[str]:
    deadline = time.monotonic() + turn
    while True:
        status = await _status(service, path)
        if (status == 200) is good:
            return []
        if time.monotonic() > deadline:
            wanted = "200" if good else "something else than 200, such as 503"
            got = "no answer" if status == _NO_ANSWER else str(status)
            return [f"GET {path} {when}: expected {wanted} within {turn:.0f} seconds, got {got}"]
        await asyncio.sleep(0.1)


async def _status(service: Running, path: str) -> int:
    try:
        return (await service.ask("GET", path)).status
    except httpx.HTTPError:
        return _NO_ANSWER
