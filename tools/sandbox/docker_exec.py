"""One command in a container: its streams, its end. The engine's own stream protocol, read without a thread."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.errors import SandboxUnavailable
from tools.sandbox.base import WORKSPACE, Limits
from tools.sandbox.bubblewrap_command import rlimits
from tools.sandbox.capturing import Capture
from tools.sandbox.debian_packages import GUARD
from tools.sandbox.docker_container import Container, environment_words
from tools.sandbox.docker_engine import RECIPE

_HEADER = struct.Struct(">BxxxL")
_OUT = 1
_READY = b"ready\n"
_SWITCHED = (101, 200)
_PAUSES = (0.0, 0.005, 0.02, 0.05, 0.2, 0.5)
"""Seconds to wait for the engine to notice what the end of the streams has told already."""
KILLED = 128 + signal.SIGKILL


class Unclean(Exception):
    """The container could not be cleaned of what an earlier command left; the command did not run."""


@dataclass(slots=True)
class Execution:
    """A command that was started in a container."""

    container: Container
    name: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    begun: list[tuple[int, bytes]] = field(default_factory=list, repr=False)
    """What arrived with the guard's word, as frames."""

    async def ready(self) -> None:
        """Wait for the guard's word, the first on standard output; the other stream may be ahead. Raises Unclean."""
        said, others = b"", list[tuple[int, bytes]]()
        while len(said) < len(_READY):
            frame = await self.frame()
            if frame is None:
                raise Unclean(b"".join(data for _, data in others).decode(errors="replace"))
            stream, data = frame
            if stream == _OUT:
                said += data
            else:
                others.append(frame)
        if not said.startswith(_READY):
            raise Unclean(said.decode(errors="replace"))
        self.begun = [*others, (_OUT, said.removeprefix(_READY))]

    async def copy(self, out: Capture, err: Capture) -> bool:
        """Copy both streams until they end; True when they were left early because they are a flood."""
        while (frame := self.begun.pop(0) if self.begun else await self.frame()) is not None:
            stream, data = frame
            capture = out if stream == _OUT else err
            capture.add(data)
            if capture.flooded:
                return True
        return False

    async def feed(self, data: bytes | None) -> None:
        """Give it its standard input, and the end of it."""
        with contextlib.suppress(OSError):
            self.writer.write(data or b"")
            await self.writer.drain()
            self.writer.write_eof()

    async def frame(self) -> tuple[int, bytes] | None:
        """The next piece of output with its stream's number, None at the end."""
        try:
            stream, length = _HEADER.unpack(await self.reader.readexactly(_HEADER.size))
            return int(stream), await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def exit_code(self) -> int:
        """Its exit code; that of a killed one when its container is gone or the engine does not tell."""
        from docker.errors import NotFound

        for pause in _PAUSES:
            await asyncio.sleep(pause)
            try:
                found = await asyncio.to_thread(self.container.engine.client.api.exec_inspect, self.name)
            except NotFound:
                break
            if not found["Running"] and found["ExitCode"] is not None:
                return int(found["ExitCode"])
        return KILLED

    async def pid(self) -> int:
        """The host's process id of the guard, its parent; where that is gone, of the container's first process."""
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            found = await asyncio.to_thread(self.container.engine.client.api.exec_inspect, self.name)
            if found["Pid"]:
                return int(found["Pid"])
        return self.container.keeper


async def execute(
    container: Container,
    command: Sequence[str],
    *,
    user: str,
    environment: Mapping[str, str],
    limits: Limits,
) -> Execution:
    """Start a command in a clean container. Raises Unclean, and SandboxUnavailable when the engine refuses."""
    from docker.errors import DockerException

    guarded = [GUARD, "-c", (RECIPE / "guard.sh").read_text(), "guard"]
    guarded += [*rlimits(limits, processes=False, memory=False), *command]
    try:
        made = await asyncio.to_thread(
            container.engine.client.api.exec_create,
            container.name,
            guarded,
            stdin=True,
            user=user,
            environment=environment_words(environment),
            workdir=WORKSPACE,
        )
    except DockerException as error:
        raise Unclean(str(error)) from error
    reader, writer = await _opened(container.engine.socket, str(made["Id"]))
    execution = Execution(container, str(made["Id"]), reader, writer)
    try:
        await execution.ready()
    except BaseException:
        writer.close()
        raise
    return execution


async def _opened(engine: Path, name: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Start it, and take over the connection: from then on it carries the command's streams."""
    reader, writer = await asyncio.open_unix_connection(engine)
    body = b'{"Detach": false, "Tty": false}'
    headers = (
        f"POST /exec/{name}/start HTTP/1.1",
        "Host: docker",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: Upgrade",
        "Upgrade: tcp",
    )
    writer.write("\r\n".join([*headers, "", ""]).encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    if int(answer.split(b" ", 2)[1]) not in _SWITCHED:
        writer.close()
        raise SandboxUnavailable(f"the Docker engine does not start commands: {answer.decode(errors='replace')}")
    return reader, writer
