"""The service, started in the sandbox on a unix socket, and asked over it."""

from __future__ import annotations

import asyncio
import re
import secrets
import stat
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import httpx

from agent.checklist.case import Case
from agent.checklist.pasting import starting
from agent.checklist.record import Record as Record
from agent.checklist.record import Reply as Reply
from agent.checklist.sockets import SocketTransport
from agent.checklist.starts import NotRunning as NotRunning
from agent.checklist.starts import Starts
from agent.stacks.base import DatabaseAccess, ServiceBroken, ServiceCommand
from tools.sandbox.base import Limits, Mounts, Process
from tools.scratch import scratch_folder

HOST = "localhost:8000"
"""What requests name as the host, as callers do who try a service out; the connection is a unix socket."""
ORIGIN = f"http://{HOST}"

_INSIDE = "/run/service"
_PATIENCE = 30.0
_ANSWER_SECONDS = 10.0
_ANSWER_BYTES = 4 << 20
_LOG_SHOWN = 1_500
_OFTEN = (50_000, 100_000)
"""How many times as often as callers the judge may ask: a number between, so that no service can tell it by that."""
CALLERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "curl/8.14.1",
    "okhttp/5.1.0",
    "axios/1.12.2",
    "python-httpx/0.28.1",
    "Go-http-client/1.1",
)
"""Who a request says that it comes from, another one each time: no service can be good to the judge alone by that."""
_LIMITS = Limits(seconds=600.0, cpu_seconds=600, output_bytes=8 << 20)


_LACKS_SETTING = re.compile(
    r"validation errors? for \w*(Settings|Config)|^KeyError: '[A-Z][A-Z0-9_]+'$"
    r"|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b.{0,40}\b(missing|required|not set|unset|must be set)\b",
    re.MULTILINE,
)
"""What settings of pydantic, `os.environ` and people say of a setting that is not there."""


@dataclass(frozen=True, slots=True)
class Running:
    """A service that accepts connections."""

    process: Process
    socket: Path
    command: ServiceCommand
    client: httpx.AsyncClient
    record: Record
    starts: Starts
    case: Case

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> Reply:
        """Send one request; `path` carries its query.

        Raises `httpx.HTTPError` when no whole answer came within ten seconds, or one of over 4 MB, and `NotRunning`
        when the service never answered any of several requests.
        """
        sent = {"User-Agent": secrets.choice(CALLERS), **(headers or {})}
        try:
            reply = await self._reply(method, path, sent, content)
        except httpx.ReadTimeout:
            self.starts.unanswered(f"{method} {path}", _printed(self.process), starting(self.case))
            raise
        self.starts.answered()
        self.record.note(method, path, headers, content, reply)
        return reply

    async def _reply(self, method: str, path: str, headers: Mapping[str, str], content: bytes | None) -> Reply:
        started = time.perf_counter()
        async with self.client.stream(method, path, headers=headers, content=content) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _ANSWER_BYTES:
                    raise httpx.ReadError(f"the answer is larger than {_ANSWER_BYTES >> 20} MB")
                if (passed := time.perf_counter() - started) > _ANSWER_SECONDS:
                    raise httpx.ReadError(f"the answer has no end after {passed:.0f} seconds and {len(body)} bytes")
            return Reply(response.status_code, response.headers, bytes(body), time.perf_counter() - started)

    def knows(self, word: str) -> bool:
        """Whether the service's code has a word for it: the name of an algorithm."""
        return self.case.stack.declares(self.case.workspace, word)

    def reads(self, setting: str) -> bool:
        """Whether the service names this setting as environments do, in capitals; `api_key` may be anything."""
        named = re.compile(rf"\b{re.escape(setting)}\b")
        files = self.case.workspace.read()
        return any(named.search(text) for path, text in files.items() if not path.startswith("tests/"))


@asynccontextmanager
async def running(
    case: Case,
    database: DatabaseAccess,
    record: Record | None = None,
    *,
    starts: Starts | None = None,
    watched: bool = False,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Running]:
    """The service, for as long as the context is open; what it is asked goes into the record. Raises `NotRunning`.

    `starts` is what is known of earlier ones: a service that hung is not waited for again. With `watched` the stack's
    watcher writes into the folder of the socket. `settings` is the environment to start in; None: `own_settings` with
    the documented rate limits raised, and caches that keep nothing.
    """
    starts = starts or Starts()
    starts.proceed()
    with scratch_folder("service") as folder:
        folder.chmod(0o777)  # the sandbox may run as another user, and must make the socket there
        inside = case.workspace.sandbox.bound(folder, _INSIDE)
        command = _command(case, database, f"{inside}/service.sock")
        probing = case.stack.probing_settings(case.workspace, secrets.choice(range(*_OFTEN)))
        command = replace(command, environment=settings or {**command.environment, **probing})
        if watched:
            command = case.stack.watched(command, inside)
        read_only = (*database.mounts.read_only, *command.seen)
        mounts = Mounts(read_only, database.mounts.bound, {**database.mounts.writable, folder: _INSIDE})
        socket = folder / "service.sock"
        async with _accepting(case, command, mounts, socket, starts) as process:
            transport = SocketTransport(socket)
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, timeout=_ANSWER_SECONDS) as client:
                # Who calls is decided request by request: a cookie that was set for one must not go with the next.
                client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
                yield Running(process, socket, command, client, record or Record(), starts, case)


def own_settings(case: Case, database: DatabaseAccess) -> Mapping[str, str]:
    """An environment to start the service in, with fresh secrets and its own rate limits. Raises `NotRunning`."""
    return _command(case, database, _INSIDE).environment


def _command(case: Case, database: DatabaseAccess, listen: str) -> ServiceCommand:
    try:
        return case.stack.service(case.workspace, database, listen)
    except ServiceBroken as error:
        raise NotRunning(str(error), error.reproduce) from error


@asynccontextmanager
async def _accepting(
    case: Case, command: ServiceCommand, mounts: Mounts, socket: Path, starts: Starts
) -> AsyncIterator[Process]:
    """The process, once it accepts connections; one that ended by itself is given another chance."""
    for last in (False, True):
        started = case.workspace.start(command.whole, mounts=mounts, environment=command.environment, limits=_LIMITS)
        async with started as process:
            if await _accepts(process, socket, case, starts):
                yield process
                return
            if last or not starts.once_more():
                ended = f"the service ended with exit code {process.exit_code}{_hint(process)}:\n{_printed(process)}"
                raise NotRunning(ended, starting(case))
        socket.unlink(missing_ok=True)


async def _accepts(process: Process, socket: Path, case: Case, starts: Starts) -> bool:
    """False when it ended by itself."""
    deadline = time.monotonic() + _PATIENCE
    while not await _connects(socket):
        if not process.running:
            return False
        if time.monotonic() > deadline:
            silent = f"the service did not listen within {_PATIENCE:.0f} seconds:\n{_printed(process)}"
            starts.silent(silent, starting(case))
        starts.proceed()
        await asyncio.sleep(0.05)
    starts.listening()
    return True


def _hint(process: Process) -> str:
    """What to do where it seems to lack a setting."""
    lacks = _LACKS_SETTING.search(process.log())
    return " (a setting that it lacks: --setting NAME=VALUE, or [service.settings] in agent.toml)" if lacks else ""


def _printed(process: Process) -> str:
    """The end of what it printed."""
    return process.log()[-_LOG_SHOWN:].rstrip() or "it printed nothing"


async def _connects(socket: Path) -> bool:
    try:
        # What the sandbox made is not followed: a link could lead to a socket of the host.
        if not stat.S_ISSOCK(socket.lstat().st_mode):
            return False
        _, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    writer.close()
    return True
