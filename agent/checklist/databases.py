"""Databases for the gates: empty ones, and copies of one that was migrated once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

from agent.catalog.loading import make
from agent.checklist.case import Case
from agent.checklist.starts import Starts
from agent.stacks.base import DatabaseAccess, Stack
from agent.workspace.model import Workspace
from tools.postgres.server import Database
from tools.sandbox.base import CommandResult, Mounts
from tools.valkey.server import valkey_server

_INSIDE = "/run/postgres"
_REDIS_INSIDE = "/run/redis"
_SHOWN = 1_500


class NotMigrated(Exception):
    """The workspace's migrations do not apply to an empty database; the message is what they printed."""

    def __init__(self, message: str, reproduce: str) -> None:
        super().__init__(message)
        self.reproduce = reproduce
        """The command that printed it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A database, and how the sandbox reaches it."""

    database: Database
    access: DatabaseAccess


@dataclass(slots=True)
class Databases:
    """The databases of one verification. `close` removes what is left of them."""

    case: Case
    ready: Database | None = None
    """A database of the caller's at the newest migration, to be copied; None: one is migrated when first needed."""
    starts: Starts = field(default_factory=Starts)
    """What is known of the starts of the service that uses them."""
    _template: asyncio.Task[Database] | None = field(default=None, repr=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[Opened]:
        """An empty database, gone afterwards."""
        database = await self._make(None)
        try:
            async with self._opened(database) as opened:
                yield opened
        finally:
            await asyncio.to_thread(self.case.server.drop_database, database)

    @asynccontextmanager
    async def migrated(self, socket_folder: Path | None = None) -> AsyncIterator[Opened]:
        """A database at the newest migration, without rows of others, gone afterwards.

        Where nothing migrates, the supplied schema is in it: that there are no migrations is said by their own rules.
        `socket_folder` leads to the server in place of its own folder. Raises `NotMigrated`.
        """
        database = await self._make(self.ready or await self._migrated())
        try:
            async with self._opened(database, socket_folder) as opened:
                yield opened
        finally:
            await asyncio.to_thread(self.case.server.drop_database, database)

    async def close(self) -> None:
        """Remove the template."""
        if self._template is None:
            return
        (made,) = await asyncio.gather(self._template, return_exceptions=True)
        if isinstance(made, Database):
            await asyncio.to_thread(self.case.server.drop_database, made)

    async def _migrated(self) -> Database:
        if self._template is None:
            self._template = asyncio.create_task(self._migrate())
        return await asyncio.shield(self._template)

    async def _make(self, template: Database | None) -> Database:
        # One at a time: the server copies a template only while nobody else is connected to it.
        async with self._lock:
            return await asyncio.to_thread(self.case.server.create_database, template)

    async def _migrate(self) -> Database:
        database = await self._make(None)
        if not self.case.stack.migrates(self.case.workspace):
            await asyncio.to_thread(make, self.case.server, database, self.case.catalog)
            return database
        async with self._opened(database) as opened:
            result = await self.case.stack.migrate(self.case.workspace, opened.access, "up")
        if not result.ok:
            await asyncio.to_thread(self.case.server.drop_database, database)
            told = f"the migrations do not apply to an empty database: {tail(result)}"
            raise NotMigrated(told, " ".join(result.command))
        return database

    @asynccontextmanager
    async def _opened(self, database: Database, folder: Path | None = None) -> AsyncIterator[Opened]:
        host = folder or self.case.server.socket_folder
        async with reached(self.case.stack, self.case.workspace, database, host) as access:
            yield Opened(database, access)


@asynccontextmanager
async def reached(
    stack: Stack, workspace: Workspace, database: Database, socket_folder: Path
) -> AsyncIterator[DatabaseAccess]:
    """How the sandbox reaches this database; with an empty Valkey where the service declares that it wants one."""
    bound = {socket_folder: _INSIDE}
    url = database.url(workspace.sandbox.bound(socket_folder, _INSIDE))
    if not stack.wants_valkey(workspace):
        yield DatabaseAccess(url, Mounts(bound=bound))
        return
    with ExitStack() as started:
        valkey = await asyncio.to_thread(started.enter_context, valkey_server(url=os.environ.get("AGENT_REDIS_URL")))
        bound[valkey.socket_folder] = _REDIS_INSIDE
        redis_url = valkey.url(workspace.sandbox.bound(valkey.socket_folder, _REDIS_INSIDE))
        yield DatabaseAccess(url, Mounts(bound=bound), redis_url)


def redis_seen_here(access: DatabaseAccess) -> str | None:
    """The address of the service's Valkey for this process, None where the service wants none."""
    if access.redis_url is None:
        return None
    inside = urlsplit(access.redis_url)
    folder = next(host for host, mounted in access.mounts.bound.items() if mounted == _REDIS_INSIDE)
    return f"unix://{inside.username}:{inside.password}@{quote(str(folder))}/{PurePosixPath(inside.path).name}"


def tail(result: CommandResult) -> str:
    """The end of what a command printed, and how it ended."""
    ended = result.ending if result.ending != "exited" else f"exit code {result.exit_code}"
    return f"{ended}\n{result.output[-_SHOWN:]}".strip()
